"""Any text at all, in any parameter, path or field, is answered by the dialect and never by a 5xx."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from kibo_bodies import BodyField, encoded, fields, texts
from kibo_requests import EVERY, PATH, Form, request, stock, thing
from patron.kernel.db import Database
from patron.kibo import accounts, contacts, credits, notes, payments
from patron.web.operations import Operation
from shops import Shop, fault, open_shop

World = tuple[Shop, dict[str, Any]]

# The same examples every time: a failure is there for whoever looks for it. More of them: raise max_examples.
SOME = settings(deadline=None, derandomize=True, max_examples=400)

PARAMETERS = [(operation, form, param.name) for operation, form in EVERY for param in operation.query]
LISTS = [one for one in PARAMETERS if one[2] in ("filter", "sortBy", "cursor", "responseFields", "fields", "q")]
IN_PATHS = [(o, form, name) for o, form in EVERY for name in PATH if f"{{{name}}}" in o.path]

PIECES = st.sampled_from(
    "id firstName lastName emailAddress contacts.email segments.code createDate isAnonymous commerceSummary.orderCount"
    " attributes.tenant~x items totalCount content eq ne gt ge lt le cont sw in and or asc desc null true false"
    " 0 1 -1 9e9 1.5 99999999999999999999 2024-01-01 2024-01-01T00:00:00Z 9999-12-31T23:59:59.999999Z"
    " '' ' '' 'x' [1,2] ['a'] [ ] ( )"
    ' , . ; % _ \\ * ~ - + & # " ` $1 {} %s x é ß İ 字 😀 \u00a0 \u200b \ufdfa \ufffe'.split(" ")
)
GRAMMAR = st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join)
ANYTHING = st.text(max_size=40) | GRAMMAR


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database) -> AsyncIterator[World]:
    """A shop with one of everything."""
    shop = await open_shop(http, database)
    yield shop, await stock(shop)


def check(answer: httpx.Response) -> None:
    """A good answer, or a fault of the caller."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        fault(answer)


@SOME
@given(st.sampled_from(PARAMETERS), ANYTHING)
async def test_any_text_in_any_parameter(world: World, at: tuple[Operation, Form, str], text: str) -> None:
    shop, things = world
    operation, form, name = at
    asked = request(operation, form, things)
    asked["params"] = asked["params"] | {name: text}
    check(await shop.call(**asked))


@settings(SOME, max_examples=1_000)
@given(st.sampled_from(LISTS), GRAMMAR)
async def test_any_question_about_a_list(world: World, at: tuple[Operation, Form, str], text: str) -> None:
    shop, things = world
    operation, _, name = at
    asked = request(operation, Form(), things)
    asked["params"] = {name: text}
    check(await shop.call(**asked))


FIELDS = {
    "CustomerAccount.getAccounts": accounts.NAMES,
    "CustomerAccount.getAccountContacts": contacts.NAMES,
    "CustomerAccount.getAccountNotes": notes.NAMES,
    "Credit.getCredits": credits.NAMES,
    "Credit.getTransactions": credits.TRANSACTION_NAMES,
    "Credit.getAuditEntries": credits.AUDIT_NAMES,
    "Credit.getPayments": payments.NAMES,
}
BY_KEY = {operation.key: operation for operation, _ in EVERY}
QUOTED = ANYTHING.map(lambda text: "'" + text.replace("'", "''") + "'")
VALUES = (
    PIECES | QUOTED | st.integers().map(str) | st.decimals().map(str) | st.datetimes().map(lambda at: at.isoformat())
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A list with a filter and an order that are well-formed, though they may make no sense."""
    key = draw(st.sampled_from(sorted(FIELDS)))
    names = st.sampled_from(sorted(FIELDS[key]))
    terms = [
        f"{draw(names)} in [{','.join(draw(st.lists(VALUES, min_size=1, max_size=3)))}]"
        if draw(st.integers(0, 5)) == 0
        else f"{draw(names)} {draw(st.sampled_from('eq ne gt ge lt le cont sw'.split()))} {draw(VALUES)}"
        for _ in range(draw(st.integers(1, 4)))
    ]
    order = [f"{draw(names)} {draw(st.sampled_from(['asc', 'desc']))}" for _ in range(draw(st.integers(0, 2)))]
    return key, {"filter": draw(st.sampled_from([" and ", " or "])).join(terms), "sortBy": ",".join(order)}


@settings(SOME, max_examples=1_000)
@given(questions())
async def test_any_well_formed_question(world: World, asked: tuple[str, dict[str, str]]) -> None:
    shop, things = world
    key, params = asked
    check(await shop.call(**request(BY_KEY[key], Form(), things) | {"params": params}))


@SOME
@given(st.sampled_from(IN_PATHS), ANYTHING)
async def test_any_text_in_a_path(world: World, at: tuple[Operation, Form, str], text: str) -> None:
    shop, things = world
    operation, form, name = at
    check(await shop.call(**request(operation, form, things | {thing(operation.group, name): quote(text, safe="")})))


@settings(SOME, max_examples=600)
@given(st.sampled_from(texts()), ANYTHING)
async def test_any_text_in_any_field(world: World, field: BodyField, text: str) -> None:
    shop, things = world
    asked = request(field.operation, field.put("@@@"), things)
    content = encoded(asked.pop("json")).replace(b'"@@@"', encoded(text))
    check(await shop.call(**asked, content=content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(SOME, max_examples=600)
@given(st.sampled_from(fields()), JSON)
async def test_any_json_in_any_field(world: World, field: BodyField, value: Any) -> None:
    shop, things = world
    asked = request(field.operation, field.put("@@@"), things)
    content = encoded(asked.pop("json")).replace(b'"@@@"', encoded(value))
    check(await shop.call(**asked, content=content))


@SOME
@given(st.dictionaries(st.sampled_from([param for _, _, param in PARAMETERS]), ANYTHING, max_size=6))
async def test_any_mixture_of_parameters(world: World, params: dict[str, str]) -> None:
    shop, _ = world
    check(await shop.get("/api/commerce/customer/accounts", params=params))
