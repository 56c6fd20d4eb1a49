"""The rules of trying to sign in, and what a password must have."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from patron.logins.model import (
    ATTEMPTS_MAX,
    DELAY_MAX,
    Failures,
    delay_after,
    failure_key,
    fingerprint_digest,
    keys_of,
    names_of,
)
from patron.tenants.model import PasswordPolicy

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_delay_begins_at_the_fifth_failure_and_doubles_to_a_quarter_of_an_hour() -> None:
    seconds = [delay.total_seconds() if (delay := delay_after(count)) else 0 for count in range(1, 13)]

    assert seconds == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]


@given(st.integers(min_value=1, max_value=10**12))
def test_no_number_of_failures_delays_longer_than_the_maximum(count: int) -> None:
    delay = delay_after(count)

    assert (delay is None) == (count < ATTEMPTS_MAX)
    assert delay is None or delay <= DELAY_MAX


def test_a_delay_ends_and_leaves_one_attempt() -> None:
    failures = Failures(ATTEMPTS_MAX, NOW, NOW + timedelta(seconds=30))

    assert failures.is_delayed(NOW)
    assert failures.remaining(NOW) == 0
    assert not failures.is_delayed(NOW + timedelta(seconds=30))
    assert failures.remaining(NOW + timedelta(seconds=30)) == 1
    assert [Failures(count, NOW).remaining(NOW) for count in range(5)] == [5, 4, 3, 2, 1]


def test_a_login_is_found_by_its_user_name_and_its_address_however_they_are_typed() -> None:
    names = names_of("Ｊo", "Jo@BÜCHER.example")

    assert names == {"jo": "user_name", "jo@xn--bcher-kva.example": "email"}
    for typed in (" JO ", "jo", "Jo@bücher.example", "ＪＯ@xn--bcher-kva.EXAMPLE"):
        assert names.keys() & set(keys_of(typed)), typed


def test_a_name_that_is_the_address_is_claimed_as_the_address() -> None:
    assert names_of("Jo@Example.com", "jo@example.com") == {"jo@example.com": "email"}


def test_keys_of_failures_do_not_run_into_each_other() -> None:
    keys = [
        failure_key("login", 1),
        failure_key("session", 1),
        failure_key("device", 1, "ab"),
        failure_key("login", 11),
    ]

    assert len(set(keys)) == len(keys)


def test_a_fingerprint_is_kept_as_a_digest() -> None:
    digest = fingerprint_digest("my phone")

    assert digest is not None
    assert len(digest) == 32
    assert b"phone" not in digest
    assert fingerprint_digest("") is fingerprint_digest(None) is None


def test_the_password_rule_is_the_contracts() -> None:
    policy = PasswordPolicy()

    assert policy.fault("abc12") == policy.fault("a1" * 65) == "must have 6 to 128 characters"
    assert policy.fault("1234567") == "must have a letter"
    assert policy.fault("abcdefg") == "must have a digit"
    assert policy.fault("abc123") is policy.fault("a1" * 64) is policy.fault("пароль1") is None


def test_an_import_is_only_kept_from_passwords_that_are_too_long_to_be_one() -> None:
    policy = PasswordPolicy()

    assert policy.fault_of_import("x") is None
    assert policy.fault_of_import("x" * 128) is None
    assert policy.fault_of_import("x" * 129) == "must have at most 128 characters"
