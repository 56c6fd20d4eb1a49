"""Who does not answer is left alone for a while."""

from datetime import UTC, datetime, timedelta

from patron.kernel.breaker import BREAKERS_MAX, FAILURES_MAX, PAUSE, Breaker, Breakers

START = datetime(2030, 1, 1, tzinfo=UTC)


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_MAX):
        assert breaker.admits(START)
        breaker.failed(START)
    return breaker


def test_it_opens_after_several_failures_in_a_row_only() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(FAILURES_MAX - 1):
            breaker.failed(START)
        assert breaker.admits(START)
        breaker.succeeded()

    assert not opened().admits(START + PAUSE - timedelta(seconds=1))


def test_after_the_pause_one_call_is_let_through_and_its_success_closes_it() -> None:
    breaker, later = opened(), START + PAUSE

    assert [breaker.admits(later) for _ in range(3)] == [True, False, False]
    breaker.succeeded()

    assert [breaker.admits(later) for _ in range(3)] == [True, True, True]


def test_a_failure_of_that_call_or_no_word_of_it_is_another_pause() -> None:
    for tells in (True, False):
        breaker, later = opened(), START + PAUSE
        assert breaker.admits(later)
        if tells:
            breaker.failed(later)

        assert not breaker.admits(later + PAUSE - timedelta(seconds=1))
        assert breaker.admits(later + PAUSE)


def test_each_service_has_its_own_and_the_oldest_are_forgotten() -> None:
    breakers = Breakers()
    first = breakers.of("first")
    assert breakers.of("first") is first
    assert breakers.of("second") is not first

    for number in range(BREAKERS_MAX):
        breakers.of(f"number {number}")

    assert breakers.of("first") is not first
