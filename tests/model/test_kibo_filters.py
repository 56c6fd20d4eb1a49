"""The dialect's `filter` and `sortBy`, as plain parsers."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patron.kernel.errors import BadAsk
from patron.kernel.query import NODES_MAX, WITHIN_MAX, Ago, Compare, Every, Field, Filter, Some, Sort
from patron.kibo import filters

FIELDS = {
    "name": Field("t.name", sort="t.name"),
    "count": Field("t.count", "integer", sort="t.count"),
    "total": Field("t.total", "number", sort="t.total"),
    "is_active": Field("t.is_active", "bool", sort="t.is_active"),
    "created_at": Field("t.created_at", "time", sort="t.created_at"),
    "contacts.email": Field("c.email"),
}
NAMES = {
    "name": "name",
    "count": "count",
    "summary.total": "total",
    "isactive": "is_active",
    "createdate": "created_at",
    "contacts.email": "contacts.email",
    "gone": "gone",
}


def read(text: str | None) -> Filter | None:
    return filters.bind(filters.parse(text), NAMES, FIELDS)


def terms(text: str) -> list[list[tuple[str, str, object]]]:
    return [[(t.field, t.op, t.value) for t in every] for every in filters.parse(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("name eq Jo", "Jo"),
        ("  NAME   EQ   Jo  ", "Jo"),
        ("name eq Jo Doe", "Jo Doe"),
        ("name eq Jo  Doe ", "Jo  Doe"),
        ("name eq 'Jo and Kim'", "Jo and Kim"),
        ("name eq 'O''Hara'", "O'Hara"),
        ("name eq ''", ""),
        ("name eq ' '", " "),
        ("name eq O'Hara", "O'Hara"),
        ("name eq null", None),
        ("name eq 'null'", "null"),
        ("name eq android", "android"),
        ("name eq or", "or"),
        ("name eq a%_\\b", "a%_\\b"),
    ],
)
def test_a_value_is_bare_or_quoted_text_or_null(text: str, value: str | None) -> None:
    assert terms(text) == [[("name", "eq", value)]]


def test_and_binds_more_than_or() -> None:
    assert terms("a eq 1 AND b ne 2 or c gt 3 Or d in [4]") == [
        [("a", "eq", "1"), ("b", "ne", "2")],
        [("c", "gt", "3")],
        [("d", "within", ("4",))],
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[1]", ("1",)),
        ("[1,2,3]", ("1", "2", "3")),
        ("[ 1 , two words , 'a, b', 'it''s', ']' ]", ("1", "two words", "a, b", "it's", "]")),
        ("['']", ("",)),
        ("[null, 'null']", (None, "null")),
    ],
)
def test_in_takes_a_list(text: str, values: tuple[str | None, ...]) -> None:
    assert terms(f"a in {text}") == [[("a", "within", values)]]


@pytest.mark.parametrize(
    "text",
    [
        *("name", "name eq", "name eq ", "eq Jo", "name = Jo", "name like Jo", "name eq 'Jo", "name eq Jo and"),
        *("name eq Jo and ", "and name eq Jo", "name eq 'a' 'b'", "name eq 'a'b", "(name eq Jo)", "not name eq Jo"),
        *("name in 1", "name in []", "name in [ ]", "name in [1,,2]", "name in [1", "name in [,1]", "name in ['a]"),
        *("name in ['a'b]", "1name eq x", ".name eq x", "name. eq x", "na me eq x", "name eq 'a\0'", "näme eq x"),
        *("name eq a or", "name eq a and and name eq b or", "name in [a] b"),
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BadAsk) as caught:
        filters.parse(text)
    assert caught.value.parameter == "filter"


@pytest.mark.parametrize(
    ("text", "compare"),
    [
        ("count gt 5", Compare("count", "gt", 5)),
        ("count eq -5", Compare("count", "eq", -5)),
        ("count eq 5.5", Compare("count", "eq", Decimal("5.5"))),
        ("summary.total le 10.25", Compare("total", "le", Decimal("10.25"))),
        ("isActive eq TRUE", Compare("is_active", "eq", True)),
        ("isActive ne false", Compare("is_active", "ne", False)),
        ("createDate ge 2024-05-17", Compare("created_at", "ge", datetime(2024, 5, 17, tzinfo=UTC))),
        ("createDate lt 2024-05-17T10:00:09Z", Compare("created_at", "lt", datetime(2024, 5, 17, 10, 0, 9, 0, UTC))),
        ("createDate lt '2024-05-17T10:00+02:00'", Compare("created_at", "lt", datetime(2024, 5, 17, 8, tzinfo=UTC))),
        ("createDate ge 30 days ago", Compare("created_at", "ge", Ago(30, "days"))),
        ("createDate lt '1 Hour AHEAD'", Compare("created_at", "lt", Ago(-1, "hours"))),
        ("name eq 30 days ago", Compare("name", "eq", "30 days ago")),
        ("contacts.email sw jo", Compare("contacts.email", "starts", "jo")),
        ("name cont a", Compare("name", "has", "a")),
        ("count in [1,2]", Compare("count", "within", (1, 2))),
        ("name ne null", Compare("name", "ne", None)),
    ],
)  # fmt: skip
def test_a_term_is_bound_to_its_field_and_kind(text: str, compare: Compare) -> None:
    assert read(text) == compare


def test_terms_become_a_tree() -> None:
    one, two, three = Compare("name", "eq", "a"), Compare("name", "eq", "b"), Compare("count", "eq", 1)
    assert read(None) is None
    assert read("  ") is None
    assert read("name eq a and count eq 1") == Every((one, three))
    assert read("name eq a or name eq b and count eq 1") == Some((one, Every((two, three))))


@pytest.mark.parametrize(
    "text",
    [
        *("nothing eq 1", "gone eq 1", "count eq x", "count eq 1e5", "count eq ''", "count eq ٣", "count eq 1_0"),
        *("summary.total eq 1,5", f"count eq {'9' * 31}", "isActive eq 1", "isActive eq yes", "isActive gt true"),
        *(
            "createDate ge 30 moons ago",
            "createDate ge -1 days ago",
            "createDate ge 100001 days ago",
            "count eq 1 day ago",
        ),
        *("createDate eq yesterday", "createDate eq 2024-13-01", "createDate eq 0001-01-01T00:00:00+14:00"),
        *("count cont 1", "createDate sw 2024", "name gt null", "name cont null", "isActive in [1]", "contacts eq x"),
    ],
)
def test_a_term_that_does_not_fit_its_field_is_refused(text: str) -> None:
    with pytest.raises(BadAsk) as caught:
        read(text)
    assert caught.value.parameter == "filter"


@pytest.mark.parametrize(
    "text",
    [
        " and ".join(["name eq a"] * (NODES_MAX + 1)),
        " or ".join(["name eq a"] * (NODES_MAX + 1)),
        f"count in [{','.join(['1'] * (WITHIN_MAX + 1))}]",
        f"name eq {'x' * 1_001}",
        f"name eq '{'x' * 1_001}'",
        f"name in [{'x' * 1_001}]",
        f"name eq {'x' * 70_000}",
        # what a pattern that tries again would never get through
        "name in [" + "'" * 50_001,
        "name in ['" + "''" * 25_000,
        "name eq '" + "''" * 25_000,
        "name eq a" + " " * 50_000 + "b",
        "name in [" + " " * 50_000 + "b' ]",
        "name in [a" + " " * 50_000 + "b]",
        "a." * 25_000 + " eq 1",
        "a" + " " * 50_000 + "!",
        "((((" * 10_000,
    ],
)
def test_a_huge_filter_is_refused(text: str) -> None:
    with pytest.raises(BadAsk):
        filters.parse(text)


def test_the_largest_filter_is_taken() -> None:
    assert len(filters.parse(" and ".join(["name eq a"] * NODES_MAX))[0]) == NODES_MAX
    values = filters.parse(f"count in [{','.join(['1'] * WITHIN_MAX)}]")[0][0].value
    assert isinstance(values, tuple)
    assert len(values) == WITHIN_MAX


@settings(deadline=None, max_examples=400)
@given(st.text(max_size=60) | st.text(alphabet="ab '[],.~eqinand or\t\n\u00a0", max_size=60))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    for parse in (read, lambda text: filters.sort(text, NAMES, FIELDS)):
        with suppress(BadAsk):
            parse(text)


@settings(deadline=None)
@given(st.lists(st.text(max_size=20).map(lambda text: text.replace("\0", "")), min_size=1, max_size=5))
def test_quoted_text_comes_back_as_it_was(values: list[str]) -> None:
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    assert terms(f"a in [{','.join(quoted)}]") == [[("a", "within", tuple(values))]]
    assert terms(" and ".join(f"a eq {one}" for one in quoted)) == [[("a", "eq", value) for value in values]]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        (None, ()),
        (" ", ()),
        ("name", (Sort("name"),)),
        ("NAME ASC", (Sort("name"),)),
        ("name desc", (Sort("name", descending=True),)),
        (" name  desc , summary.total asc,count", (Sort("name", descending=True), Sort("total"), Sort("count"))),
    ],
)
def test_an_order_is_read(text: str | None, order: tuple[Sort, ...]) -> None:
    assert filters.sort(text, NAMES, FIELDS) == order


@pytest.mark.parametrize(
    "text",
    [
        *("nothing", "gone", "name up", "name asc desc", "name,", ",name", "name;count", "contacts.email", "name\0"),
        *("name,count,name,count,name,count", "name asc " * 5_000, "name," * 5_000 + "name"),
    ],
)
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(BadAsk) as caught:
        filters.sort(text, NAMES, FIELDS)
    assert caught.value.parameter == "sortBy"
