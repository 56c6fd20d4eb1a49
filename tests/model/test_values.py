"""Values at the edge: e-mail addresses, search keys, ids, money, card numbers."""

import random
import sys
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.kernel.values import (
    check_currency,
    check_email,
    email_key,
    fold,
    from_minor,
    holds_card_number,
    name_key,
    parse_id,
    to_minor,
)

BLANKS = ("", " ", "\t", "\u00a0", "\u3000 ")

# Numbers that card schemes publish for tests.
CARDS = (
    *("4111111111111111", "4012888888881881", "5555555555554444", "2223003122003222", "378282246310005"),
    *("6011111111111117", "3530111333300000", "30569309025904", "6759649826438453", "6200000000000005"),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jo@Example.com", "jo@example.COM"),
        ("ｊｏ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jo@example.com"),
        ("jose\u0301@example.com", "jos\u00e9@example.com"),
        ("JOS\u00c9@example.com", "jose\u0301@example.com"),
        ("jo@bücher.example", "jo@xn--bcher-kva.example"),
        ("jo@BÜCHER.example", "jo@bu\u0308cher.example"),
        ("stra\u00dfe@example.com", "STRASSE@example.com"),
        (" jo@example.com ", "jo@example.com"),
    ],
)
def test_spellings_of_one_address_have_one_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("jo@example.com", "joe@example.com"), ("jose@example.com", "josé@example.com"), ("j.o@a.com", "jo@a.com")],
)
def test_different_addresses_have_different_keys(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


def test_ten_thousand_spellings_of_one_address_have_one_key() -> None:
    """Case, width, composition and IDNA at every letter: what check_email takes, no duplicate gets past."""
    dice = random.Random(1)
    forms = [lambda c: c, str.upper, lambda c: unicodedata.normalize("NFD", c), _wide]

    def spelled(text: str) -> str:
        return "".join(dice.choice(forms)(dice.choice(forms)(character)) for character in text)

    spellings = {
        f"{dice.choice(BLANKS)}{spelled('josé.müller')}@{spelled(domain)}{dice.choice(BLANKS)}"
        for domain in ("bücher.example", "xn--bcher-kva.example")
        for _ in range(6_000)
    }
    assert len(spellings) > 10_000
    assert {check_email(spelling) for spelling in spellings} == {spelling.strip() for spelling in spellings}
    assert {email_key(spelling) for spelling in spellings} == {email_key("josé.müller@bücher.example")}


def _wide(character: str) -> str:
    """A letter, digit or sign of ASCII as East Asian keyboards write it."""
    return chr(ord(character) + 0xFEE0) if len(character) == 1 and "!" <= character <= "~" else character


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_key_is_its_own_key(text: str) -> None:
    assert email_key(email_key(text)) == email_key(text)
    assert name_key(name_key(text)) == name_key(text)
    assert fold(fold(text)) == fold(text)


def test_no_character_hides_a_letter_from_its_key() -> None:
    for character in map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode))):
        if unicodedata.normalize("NFKD", character).casefold() == character:
            continue
        number = ord(character)
        assert name_key(name_key(character)) == name_key(character), hex(number)
        assert fold(fold(f"a{character}b")) == fold(f"a{character}b"), hex(number)
        assert fold(character.lower()) == fold(character), hex(number)


@pytest.mark.parametrize("address", ["jo@example.com", "o'hara+x@sub.example.co.uk", "josé@bücher.example", "a@b.c"])
def test_an_address_to_which_mail_could_go_is_taken(address: str) -> None:
    assert check_email(f" {address} ") == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "jo", "jo@", "@example.com", "jo@example", "jo@@example.com", "jo doe@example.com", "jo@exa mple.com"),
        *("jo@.example.com", "jo@example..com", ".jo@example.com", "jo.@example.com", "jo@example.com.", "a@b.c,d@e.f"),
        *("<jo@example.com>", "jo@example.com\n", "jo\x00@example.com", f"{'x' * 65}@example.com", "jo;x@example.com"),
        f"jo@{'x' * 250}.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_email(text.replace("\n", "\nx"))


def test_an_address_that_its_normal_form_makes_long_is_refused() -> None:
    for character in ("\u3316", "\ufb03", "\u00bd"):  # one that becomes six, three and three
        with pytest.raises(ValueError, match="254"):
            check_email(f"jo@{character * 100}.com")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (None, ""),
        ("", ""),
        ("  Jo   Doe ", "jo doe"),
        ("Élodie", "elodie"),
        ("Straße", "strasse"),
        ("ＡＢＣ", "abc"),
        ("Åse", "ase"),
        ("Đặng", "đang"),
        ("ﬁ", "fi"),
        ("한글", "한글"),
        ("İzmir", "izmir"),
    ],
)
def test_a_search_key_has_no_case_no_accents_and_single_blanks(text: str | None, key: str) -> None:
    assert fold(text) == key


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("0", 0),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        *((bad, None) for bad in ("9223372036854775808", "-1", "+5", "1_000", " 1", "1 ", "٣", "1.0", "", "x", "1\n")),
    ],
)
def test_an_id_is_plain_digits_within_64_bits(text: str, number: int | None) -> None:
    assert parse_id(text) == number


def test_money_is_kept_in_minor_units_of_its_currency() -> None:
    assert to_minor(Decimal("12.34"), "USD") == 1234
    assert to_minor(Decimal("1234"), "JPY") == 1234
    assert to_minor(Decimal("1.234"), "KWD") == 1234
    assert from_minor(1234, "USD") == Decimal("12.34")
    assert from_minor(1234, "JPY") == Decimal(1234)
    assert from_minor(1234, "KWD") == Decimal("1.234")


def test_noise_of_binary_fractions_is_forgiven_and_more_decimals_are_refused() -> None:
    assert to_minor(Decimal("59.970000000000006"), "USD") == 5997
    for amount, currency in (("0.001", "USD"), ("0.1", "JPY"), ("1.2345", "KWD")):
        with pytest.raises(ValueError, match="decimals"):
            to_minor(Decimal(amount), currency)


@pytest.mark.parametrize("text", ["1e16", "-1e16", "1e999999", "1e-999999", "99999999999999"])
def test_amounts_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="range"):
        to_minor(Decimal(text), "USD")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(Decimal(text), "USD")


def test_nothing_is_nothing_in_every_spelling() -> None:
    assert {to_minor(Decimal(text), "USD") for text in ("0", "-0", "0.000", "0e999", "0e-999")} == {0}


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "JPY", "KWD"]))
def test_money_survives_the_way_out_and_back(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor


def test_a_currency_is_three_letters() -> None:
    assert check_currency(" usd ") == "USD"
    for text in ("", "US", "USDX", "12A", "U$D", "ＵＳＤ"):
        with pytest.raises(ValueError, match="three letters"):
            check_currency(text)


@pytest.mark.parametrize("number", CARDS)
def test_a_full_card_number_is_seen_however_it_is_written(number: str) -> None:
    groups = [number[at : at + 4] for at in range(0, len(number), 4)]
    for written in (number, " ".join(groups), "-".join(groups), "\u00a0".join(groups), "\u2013".join(groups)):
        assert holds_card_number(written), written
        assert holds_card_number(f"Card: {written}."), written
        assert holds_card_number(f"n°{written}!"), written


@pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "3782 822463 10005"])
@pytest.mark.parametrize("around", ["{} 12/27", "{} 12 27 123", "{}-123", "12 {}", "order 77 {} 99", "{} {}"])
def test_further_digits_beside_a_card_number_do_not_hide_it(number: str, around: str) -> None:
    assert holds_card_number(around.format(number, number))


def test_digits_of_other_scripts_do_not_hide_a_card_number() -> None:
    assert holds_card_number("".join(chr(ord("０") + int(digit)) for digit in "4111111111111111"))


@pytest.mark.parametrize(
    "text",
    [
        *("", "no digits", "411111111111", "4111111111111112", "41111111111111111111"),
        *("+49 30 1234567", "(555) 123-4567", "2024-05-17 10:30:00", "ISBN 978-3-16-148410-0", "9111111111111111"),
        *("0000000000000000", "4111.1111.1111.1111", "1Z 999 AA1 01 2345 6784"),
    ],
)
def test_other_digits_are_no_card_number(text: str) -> None:
    assert not holds_card_number(text)
