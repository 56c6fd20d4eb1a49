"""`responseFields` and `fields`: reading a selection and taking the selected part of an answer."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.kernel.errors import BadAsk
from patron.kibo.selection import below, of_items, parse, project, wants


class Inner(msgspec.Struct, rename="camel"):
    city_name: str
    zip: str = "1"


class Outer(msgspec.Struct, rename="camel"):
    id: int
    first_name: str
    address: Inner
    many: list[Inner]
    free: Any = None


SAMPLE = Outer(7, "Jo", Inner("Rome"), [Inner("Bonn"), Inner("Oslo", "2")], free={"deep": [1, 2]})


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        (None, None),
        ("", None),
        (" , ,", None),
        ("id", {"id": None}),
        ("ID, firstName", {"id": None, "firstname": None}),
        ("items(id,emailAddress),totalCount", {"items": {"id": None, "emailaddress": None}, "totalcount": None}),
        ("items.id", {"items": {"id": None}}),
        ("items.id,items.name", {"items": {"id": None, "name": None}}),
        ("items(id),items(name)", {"items": {"id": None, "name": None}}),
        ("items(contacts(address.city))", {"items": {"contacts": {"address": {"city": None}}}}),
        ("items( id , name )", {"items": {"id": None, "name": None}}),
        ("items,items(id)", {"items": {"id": None}}),
        ("items(id),items", {"items": {"id": None}}),
        ("a.b(c,d.e)", {"a": {"b": {"c": None, "d": {"e": None}}}}),
    ],
)
def test_a_selection_is_read(text: str | None, selection: object) -> None:
    assert parse(text) == selection


@pytest.mark.parametrize(
    "text", ["(", ")", "a(", "a(b", "a)b", "a(b))", "(a)", "a((b))", ",(a)", "a(b)(c)", "a" + "(a" * 20 + ")" * 20]
)
def test_parentheses_must_be_balanced_and_follow_a_name(text: str) -> None:
    with pytest.raises(BadAsk) as caught:
        parse(text)
    assert caught.value.parameter == "responseFields"


def test_a_selection_has_limits() -> None:
    for text in ("a" * 9_000, ".".join("a" * 50)):
        with pytest.raises(BadAsk):
            parse(text, "fields")


@settings(deadline=None)
@given(st.text(alphabet="ab.,() \t'é", max_size=40))
def test_any_text_is_a_selection_or_is_refused(text: str) -> None:
    try:
        selection = parse(text)
    except BadAsk:
        return
    project(SAMPLE, selection)


def test_the_selected_part_keeps_wire_names_and_leaves_out_the_rest() -> None:
    assert project(SAMPLE, parse("FIRSTNAME,address.cityName")) == {"firstName": "Jo", "address": {"cityName": "Rome"}}


def test_a_selection_applies_to_each_element_of_a_list() -> None:
    assert project([SAMPLE, SAMPLE], parse("id,many(zip)")) == [{"id": 7, "many": [{"zip": "1"}, {"zip": "2"}]}] * 2


def test_unknown_names_are_ignored_and_nothing_selected_is_everything() -> None:
    assert project(SAMPLE, parse("id,nothing,address(none)")) == {"id": 7, "address": {}}
    assert project(SAMPLE, parse("")) is SAMPLE


def test_what_has_no_declared_fields_is_given_whole() -> None:
    assert project(SAMPLE, parse("free(deep)")) == {"free": {"deep": [1, 2]}}


def test_fields_speak_of_items_only() -> None:
    frame = ("totalcount",)
    fields = parse("id", "fields")
    assert of_items(parse("totalCount"), None, frame) == {"totalcount": None}
    assert of_items(None, fields, frame) == {"totalcount": None, "items": {"id": None}}
    assert of_items(parse("items(name)"), fields, frame) == {"items": {"name": None, "id": None}}
    assert of_items(parse("totalCount"), fields, frame) == {"totalcount": None}


def test_children_are_wanted_when_they_are_selected() -> None:
    assert wants(None, "contacts")
    assert wants(below(parse("items(contacts.id)"), "items"), "contacts")
    assert not wants(below(parse("items(id)"), "items"), "contacts")
    assert not wants(below(parse("totalCount"), "items"), "contacts")
    assert wants(below(parse("items"), "items"), "contacts")
