"""Codes of authenticator apps, against the standard's own examples (RFC 6238 appendix B)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from patron.logins import totp

# The standard's secret; its examples have eight digits, of which ours are the last six.
SECRET = b"1234567890" * 2
EXAMPLES = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), EXAMPLES)
def test_the_standards_examples(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    assert totp.code_at(SECRET, totp.step_of(now)) == code[2:]
    assert totp.matching_step(SECRET, code[2:], now, after=0) == seconds // 30


def test_clocks_may_be_a_step_apart_and_no_more() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    code = totp.code_at(SECRET, totp.step_of(now))

    found = [
        totp.matching_step(SECRET, code, now + timedelta(seconds=30 * steps), after=0) is not None
        for steps in range(-3, 4)
    ]

    assert found == [False, False, True, True, True, False, False]


def test_no_code_is_taken_twice_nor_an_older_one() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    step = totp.step_of(now)

    assert totp.matching_step(SECRET, totp.code_at(SECRET, step), now, after=step) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, step - 1), now, after=step) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, step + 1), now, after=step) == step + 1


@pytest.mark.parametrize("code", ["", "28708", "2870822", "28708a", "２８７０８２", "no code"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(SECRET, code, datetime.fromtimestamp(59, UTC), after=0) is None


def test_people_type_blanks_dashes_and_capitals() -> None:
    assert totp.typed(" 287 082 ") == "287082"
    assert totp.typed("K3MFA-9XW2P") == "k3mfa9xw2p"


def test_the_uri_says_what_an_app_needs_to_know() -> None:
    uri = urlsplit(totp.uri(SECRET, "Thé: & Café", "jo+tea@example.com"))

    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Thé  & Café:jo+tea@example.com"
    assert {name: values[0] for name, values in parse_qs(uri.query).items()} == {
        "secret": totp.shown_secret(SECRET),
        "issuer": "Thé  & Café",
        "algorithm": "SHA1",
        "digits": "6",
        "period": "30",
    }
    assert "+" not in uri.query  # apps show a plus as it is


def test_recovery_codes_can_be_read_out() -> None:
    codes = {totp.new_recovery_code() for _ in range(200)}

    assert len(codes) == 200
    assert not set("".join(codes)) & set("01ilo")
    assert not any(totp.is_app_code(totp.typed(code)) for code in codes)
    assert len(totp.new_secret()) == 20
