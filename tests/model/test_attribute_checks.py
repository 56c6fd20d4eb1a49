"""What an attribute takes as values (Kibo behaviour 9.2), and the regular expressions that may check them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribute_samples import definition, list_of
from patron.attributes.model import Definition
from patron.attributes.values import LENGTH_MAX, VALUES_MAX, checked, is_blank
from patron.kernel.definitions import Validation
from patron.kernel.errors import Invalid
from patron.kernel.patterns import REPEATS_MAX, TEXT_LENGTH_MAX, matches, pattern_fault

TEXT = definition()
NUMBER = definition(data_type="Number")
BOOL = definition(data_type="Bool")
TIME = definition(data_type="DateTime")
COLORS = definition(list_of("Red", "Green", "Straße", is_multi_valued=True))
SIZES = definition(list_of("38", "38.5", "40", data_type="Number"))

# As the database keeps numbers: exactly.
ENCODER = msgspec.json.Encoder(decimal_format="number")
DECODER = msgspec.json.Decoder(float_hook=Decimal)


def bounded(data_type: str, **rules: Any) -> Definition:
    return definition(data_type=data_type, validation=Validation(**rules))


def sentence(of: Definition, *values: object) -> str:
    """What is wrong with values, after checking that it is told under the attribute's name."""
    with pytest.raises(Invalid) as caught:
        checked(of, list(values))
    (problem,) = caught.value.problems
    assert problem.field == of.fqn
    return problem.message


@pytest.mark.parametrize(
    ("of", "given", "stored"),
    [
        (TEXT, "Blue ", "Blue "),
        (TEXT, "", ""),
        (NUMBER, 42, 42),
        (NUMBER, Decimal("42.00"), 42),
        (NUMBER, Decimal("1.50"), Decimal("1.5")),
        (NUMBER, Decimal("1E+3"), 1000),
        (NUMBER, Decimal("-0.0"), 0),
        (NUMBER, 10**29, 10**29),
        (BOOL, True, True),
        (BOOL, False, False),
        (TIME, "2026-05-01", "2026-05-01T00:00:00.000Z"),
        (TIME, "2026-05-01T02:00:00+02:00", "2026-05-01T00:00:00.000Z"),
        (TIME, "2026-05-01T10:00:00.1239Z", "2026-05-01T10:00:00.123Z"),
        (COLORS, "red", "Red"),
        (COLORS, "STRASSE", "Straße"),
        (SIZES, Decimal("38.50"), Decimal("38.5")),
        (SIZES, Decimal("40.0"), 40),
    ],
)
def test_a_value_is_stored_in_one_form(of: Definition, given: object, stored: object) -> None:
    (value,) = checked(of, [given])

    assert (type(value), value) == (type(stored), stored)


@pytest.mark.parametrize(
    ("of", "value"),
    [
        *((TEXT, value) for value in (1, True, Decimal("1.5"), {"a": 1}, ["x"])),
        *((NUMBER, value) for value in ("1", True, [], 10**31, Decimal("1." + "1" * 30), Decimal("1E-31"), 10**300)),
        *((BOOL, value) for value in ("true", 1, 0, Decimal(1))),
        *((TIME, value) for value in (20260501, "", "tomorrow", "2026-13-01", "2026-05-01T25:00", True, "1" * 5000)),
        (TIME, "0001-01-01T00:00:00+14:00"),
        *((COLORS, value) for value in ("Blue", "", 1, True, "Red ")),
        *((SIZES, value) for value in ("38", 39, True)),
    ],
)
def test_a_value_of_another_type_is_refused_under_the_name_of_the_attribute(of: Definition, value: object) -> None:
    assert sentence(of, value)


def test_only_a_list_takes_several_values_and_takes_each_once() -> None:
    assert checked(COLORS, ["green", None, "Red", "GREEN"]) == ["Green", "Red"]
    assert checked(TEXT, [None, "a", None]) == ["a"]
    assert checked(TEXT, []) == []
    for of in (TEXT, NUMBER, BOOL, TIME, SIZES):
        assert "at most 1 value" in sentence(of, "a", "b")
    assert f"at most {VALUES_MAX} values" in sentence(COLORS, *["Red"] * (VALUES_MAX + 1))


@pytest.mark.parametrize(
    ("of", "good", "bad"),
    [
        (bounded("String", length_min=2, length_max=3), ["ab", "abc"], ["a", "abcd"]),
        (bounded("String", length_max=LENGTH_MAX + 1), ["x" * LENGTH_MAX], ["x" * (LENGTH_MAX + 1)]),
        (bounded("String", pattern="^[A-Z]{2}[0-9]+$"), ["AB1"], ["ab1", "AB", "", " AB1", "AB1\n"]),
        (bounded("String", pattern="x"), ["axb", "x" * TEXT_LENGTH_MAX], ["", "x" * (TEXT_LENGTH_MAX + 1)]),
        (
            bounded("Number", number_min=Decimal("1.5"), number_max=Decimal(3)),
            [Decimal("1.5"), 2, 3],
            [1, Decimal("1.49"), Decimal("3.01")],
        ),
        (
            bounded("DateTime", time_min=datetime(2026, 5, 1, tzinfo=UTC), time_max=datetime(2026, 5, 2, tzinfo=UTC)),
            ["2026-05-01", "2026-05-02", "2026-05-01T23:00:00-01:00"],
            ["2026-04-30T23:59:59Z", "2026-05-02T00:00:00.001Z"],
        ),
        (bounded("Number", length_min=9, pattern="^x$"), [1], []),
    ],
    ids=["length", "length over ours", "pattern", "pattern is sought", "number", "time", "other types' rules"],
)
def test_the_rules_of_the_definition_hold(of: Definition, good: list[object], bad: list[object]) -> None:
    for value in good:
        assert len(checked(of, [value])) == 1
    for value in bad:
        assert sentence(of, value)


def test_full_card_numbers_are_refused_in_text() -> None:
    assert "card number" in sentence(TEXT, "my card: 4111-1111-1111-1111")
    assert checked(TEXT, ["order 4111111111111112"]) == ["order 4111111111111112"]


_NUMBERS = st.decimals(min_value=-(10**14), max_value=10**14, places=8) | st.integers(-(10**29), 10**29)


@given(_NUMBERS)
def test_numbers_stay_exact_in_the_form_in_which_they_are_stored(number: Decimal | int) -> None:
    stored = checked(NUMBER, [number])

    assert stored == [number]
    assert DECODER.decode(ENCODER.encode(stored)) == stored
    assert checked(NUMBER, list(stored)) == stored


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_times_keep_their_moment_to_the_millisecond(at: datetime) -> None:
    (stored,) = checked(TIME, [at.isoformat()])

    assert checked(TIME, [stored]) == [stored]
    moment = datetime.fromisoformat(str(stored))
    assert 0 <= (at.astimezone(UTC) - moment).total_seconds() < 0.001


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats().map(Decimal), st.text(), st.lists(st.text())))
def test_whatever_comes_is_stored_or_refused(value: object) -> None:
    for of in (TEXT, NUMBER, BOOL, TIME, COLORS, SIZES):
        try:
            stored = checked(of, [value])
        except Invalid:
            continue
        assert checked(of, list(stored)) == stored


@pytest.mark.parametrize(("values", "blank"), [([], True), (["", " ", None], True), ([0], False), ([False], False)])
def test_what_does_not_do_for_a_required_attribute(values: list[object], blank: bool) -> None:
    assert is_blank(values) is blank


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)b", "(?!a)b", r"(a)\1", "(", "[a", "*a", "(?<n>a)(?P=n)", r"\p{Nothing}", "(?x)a{5 00}", "(?ix-s:a)"],
)
def test_expressions_that_cannot_run_in_linear_time_or_at_all_are_refused(pattern: str) -> None:
    assert pattern_fault(pattern)


def test_repetitions_are_limited_also_when_they_are_nested() -> None:
    assert pattern_fault(f"a{{{REPEATS_MAX}}}") is None
    assert pattern_fault(r"^[A-Z]{2}\d{2} ?(\d{4} ?){4}$") is None
    assert pattern_fault(r"^\(?ext\.? ?\d{3}\)?$") is None
    assert pattern_fault(r"\x{10FFFF}\p{L}\{9999\}") is None
    for pattern in (f"a{{{REPEATS_MAX + 1}}}", "a{9999,}", "a{,9999}", "(a{25}){25}", "(a{ 25 }){1, 25}", r"\\x{9999}"):
        assert pattern_fault(pattern), pattern


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){12}$"])
def test_expressions_on_which_backtracking_engines_hang_are_run(pattern: str) -> None:
    assert pattern_fault(pattern) is None
    assert matches(pattern, "a" * (TEXT_LENGTH_MAX - 1) + "!") is False


@given(st.text(alphabet="ab.*+?{}()[]|\\^$,019xpP:-< \n", max_size=60), st.text(max_size=TEXT_LENGTH_MAX))
def test_any_expression_is_run_or_refused(pattern: str, text: str) -> None:
    if pattern_fault(pattern) is None:
        assert matches(pattern, text) in (True, False)
