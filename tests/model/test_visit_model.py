"""Visits as they are understood: ids that say their moment, devices by user agent, visitors."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.kernel.errors import Invalid
from patron.visits.devices import DEVICES, device_of
from patron.visits.ids import new_id, read_id, whole
from patron.visits.model import Details, Visit, checked, visitor_of

NOW = datetime(2026, 11, 26, 9, 30, 0, 123_456, tzinfo=UTC)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001

AGENTS = [
    ("phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148"),
    ("phone", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36"),
    (
        "phone",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari",
    ),
    (
        "phone",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS]",
    ),
    ("phone", "Opera/9.80 (Android; Opera Mini/36.2/191.308; U; en) Presto/2.12.423 Version/12.16"),
    ("phone", "Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5"),
    ("tablet", "Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Mobile/15E148 Safari"),
    ("tablet", "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36"),
    ("tablet", "Mozilla/5.0 (Linux; Android 12; Lenovo TB-X606F) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"),
    ("tablet", "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/99.1 Safari/537.36"),
    (
        "desktop",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36 Edg/126",
    ),
    ("desktop", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15"),
    ("desktop", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"),
    ("desktop", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"),
    ("bot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    (
        "bot",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile Safari/537.36 (compatible; Googlebot/2.1)",
    ),
    ("bot", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    ("bot", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"),
    ("bot", "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"),
    ("bot", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
    ("bot", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari"),
    ("bot", "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"),
    ("bot", "curl/8.5.0"),
    ("bot", "python-requests/2.32.3"),
    ("bot", "Go-http-client/2.0"),
    ("unknown", "Roku/DVP-9.10 (519.10E04111A)"),
    ("unknown", "till"),
    ("unknown", ""),
    ("unknown", None),
]


@pytest.mark.parametrize(("device", "agent"), AGENTS)
def test_a_user_agent_tells_the_device(device: str, agent: str | None) -> None:
    assert device_of(agent) == device
    assert device_of(agent.upper() if agent else agent) == device


@given(st.text(max_size=2_000))
def test_any_text_has_a_device(agent: str) -> None:
    assert device_of(agent) in DEVICES


@given(moments)
def test_an_id_says_its_moment(at: datetime) -> None:
    at = whole(at)
    one, other = new_id(at), new_id(at)

    assert one != other
    assert read_id(one.hex) == (one, at)
    assert (one.version, one.variant) == (7, UUID(int=0x8 << 60 | 7 << 76).variant)


@given(moments, moments)
def test_ids_are_in_the_order_of_time(one: datetime, other: datetime) -> None:
    one, other = whole(one), whole(other)
    if one != other:
        assert (new_id(one) < new_id(other)) == (one < other)


@given(st.one_of(st.text(max_size=40), st.text("0123456789abcdef", min_size=32, max_size=32)))
def test_any_text_is_an_id_of_ours_or_is_none(text: str) -> None:
    found = read_id(text)
    assert found is None or found[0].hex == text


def seen(**details: object) -> Visit:
    return checked(Details(**details), site_id=1, now=NOW)  # type: ignore[arg-type]


def test_a_visitor_is_the_account_else_the_user_else_the_session() -> None:
    account = seen(account_id=7, user_id="u", session_id="s")
    user = seen(user_id="u", session_id="s")
    session = seen(session_id="s")

    assert account.visitor == seen(account_id=7).visitor == visitor_of(7)
    assert user.visitor == seen(user_id="u", session_id="other").visitor
    assert session.visitor == seen(session_id=" s ").visitor
    assert len({account.visitor, user.visitor, session.visitor, seen().visitor, seen().visitor}) == 5


def test_a_visit_is_of_whole_milliseconds() -> None:
    visit = seen()

    assert visit.at == NOW - timedelta(microseconds=456)
    assert read_id(visit.name) == (visit.id, visit.at)


def test_blank_texts_are_none() -> None:
    visit = seen(key=" ", user_id="", location="\t")

    assert (visit.key, visit.user_id, visit.location) == (None, None, None)


@pytest.mark.parametrize("at", [NOW + timedelta(days=1, milliseconds=1), datetime.max.replace(tzinfo=UTC)])
def test_the_future_is_refused(at: datetime) -> None:
    assert seen(at=NOW + timedelta(days=1)).at
    with pytest.raises(Invalid) as refused:
        seen(at=at)
    assert [problem.field for problem in refused.value.problems] == ["date"]
