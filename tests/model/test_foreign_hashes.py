"""Hashes of other systems: recognised, checked, and refused when they are broken or ask for too much work."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreign_hashes import EXPORTED, Exported
from patron.logins import foreign
from patron.logins.foreign.formats import FORMATS

EACH = pytest.mark.parametrize("exported", EXPORTED, ids=lambda one: one.format)


@EACH
def test_the_right_password_matches_and_others_do_not(exported: Exported) -> None:
    assert exported.source
    assert foreign.is_known(exported.hash)
    assert foreign.fault(exported.hash) is None
    assert foreign.matches(exported.hash, exported.password)
    assert not foreign.matches(exported.hash, f"x{exported.password}")


@EACH
def test_a_changed_or_cut_hash_matches_nothing(exported: Exported) -> None:
    for broken in (exported.hash[: len(exported.hash) // 2], exported.hash[1:]):
        assert not foreign.matches(broken, exported.password), broken


def test_every_format_has_an_example() -> None:
    used = {next(row.name for row in FORMATS if row.pattern.fullmatch(one.hash)) for one in EXPORTED}

    assert used == {row.name for row in FORMATS}


def test_the_examples_of_the_manual_are_known() -> None:
    manual = (Path(__file__).parents[2] / "docs/imported-passwords.md").read_text()
    examples = re.findall(r"^\| [^|]+ \| `([^`]+)` \|", manual, re.MULTILINE)

    assert len(examples) >= 20
    assert [example for example in examples if not foreign.is_known(example)] == []


def test_bcrypt_looks_at_72_bytes_as_the_original_does() -> None:
    long = next(one for one in EXPORTED if one.format == "bcrypt 2a, 72 bytes")

    assert foreign.matches(long.hash, long.password[:72])
    assert not foreign.matches(long.hash, long.password[:71])


_SALT = "c2FsdHNhbHRzYWx0"
_KEY = "A" * 43


@pytest.mark.parametrize(
    "costly",
    [
        "$2b$15$" + "." * 53,
        "$2y$31$" + "." * 53,
        "$wp$2y$15$" + "." * 53,
        f"$argon2id$v=19$m=262145,t=1,p=1${_SALT}${_KEY}",
        f"$argon2i$v=19$m=65536,t=11,p=1${_SALT}${_KEY}",
        f"$argon2d$v=19$m=262144,t=5,p=1${_SALT}${_KEY}",
        f"$argon2id$v=19$m=65536,t=1,p=17${_SALT}${_KEY}",
        f"$argon2id$v=19$m=9999999999,t=9999999999,p=9999999999${_SALT}${_KEY}",
        f"pbkdf2_sha256$3000001$salt${_KEY}=",
        f"$pbkdf2-sha512$9999999999${_SALT}${_KEY}",
        f"$pbkdf2-sha256$1000000${_SALT}${'A' * 171}",
        f"{{PBKDF2}}3000001${_SALT}${_KEY}",
        "$P$H" + "." * 30,
        "$S$z" + "." * 51,
        f"$firescrypt$ln=18,r=8,p=1${_SALT}${_KEY}$Bw==${_KEY}",
        f"$firescrypt$ln=99,r=8,p=1${_SALT}${_KEY}$Bw==${_KEY}",
        f"$firescrypt$ln=14,r=1024,p=1${_SALT}${_KEY}$Bw==${_KEY}",
        f"$firescrypt$ln=14,r=8,p=16${_SALT}${_KEY}$Bw==${_KEY}",
        f"{'a' * 64}:salt:3_32_2_1073741824",
        f"{'a' * 64}:salt:3_32_99_67108864",
        f"{'a' * 64}:salt:1:1:1:1:1",
        f"{'a' * 64}:salt:3_32_3_268435456:3_32_3_268435456",
        f"262145:salt:{'a' * 64}",
        (
            '{"credentialData":{"hashIterations":9999999,"algorithm":"pbkdf2-sha256"},'
            f'"secretData":{{"value":"{_KEY}=","salt":"{_SALT}"}}}}'
        ),
        (
            '{"credentialData":{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"memory":["1048576"]}},'
            f'"secretData":{{"value":"{_KEY}=","salt":"{_SALT}"}}}}'
        ),
    ],
)
def test_a_hash_that_asks_for_too_much_work_is_refused_unseen(costly: str) -> None:
    assert "too costly" in str(foreign.fault(costly))
    assert not foreign.is_known(costly)
    assert not foreign.matches(costly, "password")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "$2b$12$" + "a" * 53,
        "$2b$03$" + "." * 53,
        "$2x$12$" + "." * 53,
        "$5$rounds=5000$salt$hash",
        "{CRYPT}$1$salt$hash",
        "{SSHA}AZKja92fbuuB9SpRlHqaoXxbTc4=",
        "{SHA}AAAA",
        "{md5:salt+password}salt$" + "a" * 40,
        "pbkdf2_sha256$1000$salt$AAAA",
        "$firescrypt$ln=14,r=8,p=1$AA$AA$AA$AA",
        "c2NyeXB0A" + "A" * 119,
        f"{'a' * 64}:salt:3_1_2_67108864",
        f"{'a' * 64}:salt:3_32_2_1024",
        "a" * 33,
        '{"credentialData": 7}',
        '{"credentialData":"{}","secretData":"{}"}',
        (
            '{"credentialData":{"hashIterations":-1,"algorithm":"argon2","additionalParameters":{"memory":["-5"]}},'
            '"secretData":{"value":"AAAAAAAAAAAAAAAAAAAAAAAA","salt":"AAAAAAAAAAAAAAAA"}}'
        ),
        '{"credentialData":{"hashIterations":1,"algorithm":"md4"},"secretData":{"value":"AAAA","salt":"AAAA"}}',
    ],
)
def test_what_is_no_hash_of_ours_to_check_is_left_to_others(text: str) -> None:
    assert not foreign.is_known(text)
    assert foreign.fault(text) is None
    assert not foreign.matches(text, "password")


_PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from([part for one in EXPORTED for part in re.split(r"([$:{},])", one.hash)]),
    st.integers(-3, 10**11).map(str),
)


@given(st.lists(_PIECES, max_size=10).map("".join), st.text(max_size=20))
@settings(max_examples=400, deadline=None)
def test_nothing_that_is_stored_makes_checking_fail(stored: str, password: str) -> None:
    assert foreign.matches(stored, password) in (True, False)
    assert foreign.is_known(stored) or foreign.fault(stored) is None or "too costly" in str(foreign.fault(stored))
