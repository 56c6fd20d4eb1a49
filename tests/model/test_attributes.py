"""The rules that attribute definitions keep (Kibo behaviour 9.1)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribute_samples import definition, details, list_of, words
from patron.attributes.model import Details, Label, Word
from patron.attributes.rules import (
    DATA_TYPES,
    DISPLAY_GROUPS,
    INPUT_TYPES,
    VALUE_TYPES,
    WORDS_MAX,
    changed,
    checked,
)
from patron.kernel.definitions import METADATA_MAX, Metadata, Validation, fqn_key
from patron.kernel.errors import Invalid, Refused

MAY = datetime(2026, 5, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def problems(given: Details) -> list[str]:
    """The fields that are wrong."""
    with pytest.raises(Invalid) as caught:
        checked(given)
    return [problem.field for problem in caught.value.problems]


def test_what_is_left_out_gets_a_default() -> None:
    made = checked(details())

    assert (made.namespace, made.input_type, made.data_type) == ("tenant", "TextBox", "String")
    assert (made.is_active, made.is_visible) == (True, True)
    flags = (made.is_required, made.is_read_only, made.is_multi_valued, made.for_discounts, made.for_order_routing)
    assert flags == (False,) * 5


@pytest.mark.parametrize(
    ("fields", "input_type", "data_type"),
    [
        ({"data_type": "Number"}, "TextBox", "Number"),
        ({"data_type": "Bool"}, "YesNo", "Bool"),
        ({"data_type": "DateTime"}, "DateTime", "DateTime"),
        ({"input_type": "Date"}, "Date", "DateTime"),
        ({"input_type": "TextArea"}, "TextArea", "String"),
        ({"input_type": "YesNo"}, "YesNo", "Bool"),
        ({"value_type": "Predefined", "vocabulary": words("a")}, "List", "String"),
    ],
)
def test_one_type_follows_from_another(fields: dict[str, Any], input_type: str, data_type: str) -> None:
    made = checked(details(**fields))

    assert (made.input_type, made.data_type) == (input_type, data_type)


def test_code_display_group_and_value_type_are_needed() -> None:
    assert problems(Details(code=" ")) == ["attribute_code", "display_group", "value_type"]


@given(st.data())
def test_spellings_are_taken_in_any_case_and_kept_in_one(data: st.DataObject) -> None:
    def any_case(text: str) -> str:
        return "".join(data.draw(st.sampled_from((c.lower(), c.upper()))) for c in text)

    made = checked(
        details(
            data_type=any_case("DateTime"),
            input_type=f" {any_case('Date')} ",
            value_type=any_case("AdminEntered"),
            display_group=any_case("Admin"),
        )
    )

    assert (made.data_type, made.input_type) == ("DateTime", "Date")
    assert (made.value_type, made.display_group) == ("AdminEntered", "Admin")


def test_the_other_spelling_of_predefined_is_the_same() -> None:
    assert checked(list_of("a", value_type="PreDefined")).value_type == "Predefined"


@pytest.mark.parametrize("field", ["data_type", "input_type", "value_type", "display_group"])
def test_an_unknown_type_is_named(field: str) -> None:
    assert problems(details(**{field: "Hologram"})) == [field]


# Input type → the data types that it makes.
COMBINATIONS = {
    "TextBox": {"String", "Number"},
    "TextArea": {"String"},
    "List": {"String", "Number"},
    "YesNo": {"Bool"},
    "Date": {"DateTime"},
    "DateTime": {"DateTime"},
}


@pytest.mark.parametrize("data_type", DATA_TYPES.values())
@pytest.mark.parametrize("input_type", INPUT_TYPES.values())
def test_types_go_together_or_are_refused(data_type: str, input_type: str) -> None:
    for value_type in VALUE_TYPES.values():
        for display_group in DISPLAY_GROUPS.values():
            for vocabulary in ([], words("1", "2")):
                given = details(
                    data_type=data_type,
                    input_type=input_type,
                    value_type=value_type,
                    display_group=display_group,
                    vocabulary=vocabulary,
                )
                fits = (
                    data_type in COMBINATIONS[input_type]
                    and (input_type == "List") is (value_type == "Predefined") is bool(vocabulary)
                    and (display_group != "Admin" or value_type == "AdminEntered")
                )
                if fits:
                    assert checked(given).data_type == data_type
                else:
                    with pytest.raises(Refused):
                        checked(given)


def test_only_a_list_is_multi_valued() -> None:
    assert checked(list_of("a", is_multi_valued=True)).is_multi_valued
    with pytest.raises(Refused):
        checked(details(is_multi_valued=True))


@pytest.mark.parametrize("word", ["one", "1e3", "1,5", "٣", "1.", "+1"])
def test_words_of_a_number_are_numbers(word: str) -> None:
    assert checked(list_of("1", "2.5", "-3", data_type="Number")).data_type == "Number"
    with pytest.raises(Refused):
        checked(list_of("1", word, data_type="Number"))


@pytest.mark.parametrize(
    ("field", "longest", "over"),
    [
        ("admin_name", {"admin_name": "x" * 50}, {"admin_name": "x" * 51}),
        ("attribute_code", {"code": "x" * 50}, {"code": "x" * 51}),
        ("namespace", {"namespace": "x" * 200}, {"namespace": "x" * 201}),
        ("content", {"content": Label("x" * 8, "x" * 100)}, {"content": Label("x" * 9, "x")}),
        ("content", {"content": Label("en", "x")}, {"content": Label("en", "x" * 101)}),
        ("regular_expression", *({"validation": Validation(pattern="x" * n)} for n in (200, 201))),
        ("attribute_metadata", *({"metadata": [Metadata("x" * n, "y")]} for n in (50, 51))),
        ("attribute_metadata", *({"metadata": [Metadata("x", "y" * n)]} for n in (1000, 1001))),
        ("attribute_metadata", *({"metadata": [Metadata("x", "y")] * n} for n in (METADATA_MAX, METADATA_MAX + 1))),
        ("vocabulary_values", *({"vocabulary": words("x" * n), "value_type": "Predefined"} for n in (50, 51))),
        (
            "vocabulary_values",
            *({"vocabulary": words(*map(str, range(n))), "value_type": "Predefined"} for n in (WORDS_MAX, 1001)),
        ),
    ],
)
def test_sizes_have_a_limit(field: str, longest: dict[str, Any], over: dict[str, Any]) -> None:
    checked(details(**longest))

    assert problems(details(**over)) == [field]


@pytest.mark.parametrize("label", [Label("en"), Label(None, "Red"), Label("x" * 9, "Red"), Label("en", "x" * 101)])
def test_a_word_has_a_label_with_locale_and_text(label: Label) -> None:
    assert problems(list_of(vocabulary=[Word(value="red", label=label)])) == ["vocabulary_values"]


def test_words_are_not_blank_and_differ() -> None:
    assert problems(list_of(" ")) == ["vocabulary_values"]
    assert problems(list_of("red", "RED")) == ["vocabulary_values"]


def test_words_stand_in_the_order_of_their_positions() -> None:
    late, early = (
        msgspec.structs.replace(word, position=n) for word, n in zip(words("late", "early"), (9, 1), strict=True)
    )
    made = checked(list_of(vocabulary=[late, early, *words("third")]))

    assert [(word.value, word.position) for word in made.vocabulary] == [("early", 1), ("third", 3), ("late", 9)]


def test_metadata_has_keys_and_values_and_no_card_numbers() -> None:
    for entry in (Metadata("", "x"), Metadata("x", ""), Metadata("card", "4111 1111 1111 1111")):
        assert problems(details(metadata=[entry])) == ["attribute_metadata"]


@pytest.mark.parametrize(
    "rules",
    [
        Validation(length_min=-1),
        Validation(length_min=3, length_max=2),
        Validation(number_min=Decimal("1.5"), number_max=Decimal(1)),
        Validation(number_max=Decimal("1." + "1" * 40)),
        Validation(time_min=JUNE, time_max=MAY),
    ],
)
def test_bounds_agree_with_each_other(rules: Validation) -> None:
    assert problems(details(validation=rules)) == ["validation"]


@given(st.text())
def test_a_full_name_is_namespace_and_code_or_none(text: str) -> None:
    key = fqn_key(text)

    assert key is None or (key == text.lower() and key.count("~") == 1 and key.isascii())


@pytest.mark.parametrize(
    "name", ["", "color", "~color", "tenant~", "a~b~c", "tenant~co lor", "tenant~ä", "t~\0", "t~a\n"]
)
def test_what_can_be_no_full_name(name: str) -> None:
    assert fqn_key(name) is None
    assert fqn_key("Tenant~My_Color-2") == "tenant~my_color-2"


@pytest.mark.parametrize("field", ["code", "namespace"])
@pytest.mark.parametrize("text", ["a~b", "a.b", "a b", "ä", "a/b", "a\0"])
def test_codes_are_plain(field: str, text: str) -> None:
    assert problems(details(**{field: text})) == ["attribute_code" if field == "code" else field]


@pytest.mark.parametrize(
    "fields",
    [
        {"data_type": "Number"},
        {"input_type": "TextArea"},
        {"value_type": "AdminEntered"},
        {"data_type": "Bool", "input_type": "YesNo"},
        {"value_type": "Predefined", "input_type": "List", "vocabulary": words("a")},
    ],
)
def test_types_do_not_change(fields: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        changed(definition(), details(**fields))


def test_a_change_keeps_names_and_types_that_it_leaves_out() -> None:
    before = definition(code="Size", namespace="Shop", data_type="Number")

    after = changed(before, details(code="other", namespace="other", admin_name="Shoe size"))

    assert (after.namespace, after.code, after.admin_name) == ("Shop", "Size", "Shoe size")
    assert (after.data_type, after.input_type) == ("Number", "TextBox")


def test_read_only_cannot_be_undone() -> None:
    before = definition(is_read_only=True)

    assert changed(before, details()).is_read_only
    assert changed(before, details(is_read_only=True)).is_read_only
    with pytest.raises(Refused):
        changed(before, details(is_read_only=False))


@pytest.mark.parametrize(
    ("fields", "seen", "written"),
    [
        ({}, True, True),
        ({"value_type": "AdminOrShopperEntered"}, True, True),
        ({"value_type": "Predefined", "vocabulary": words("a")}, True, True),
        ({"value_type": "AdminEntered"}, True, False),
        ({"value_type": "AdminEntered", "display_group": "Admin"}, False, False),
        ({"is_read_only": True}, True, False),
        ({"is_visible": False}, False, True),
        ({"is_active": False}, False, False),
    ],
)
def test_what_shoppers_see_and_write(fields: dict[str, Any], seen: bool, written: bool) -> None:
    made = definition(is_required=True, **fields)

    assert (made.is_for_shoppers, made.is_written_by_shoppers) == (seen, written)
    assert made.is_asked_of_shoppers is (seen and written)
