"""Which parts of an answer a caller gets: `responseFields`, `fields`, `responseGroups` (Kibo behaviour 5.4, 5.5)."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from kibo_requests import stock
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault, open_shop


class World:
    """A shop with one of everything."""

    shop: Shop
    things: dict[str, Any]
    one: str


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database) -> World:
    """Made once: these tests only read."""
    made = World()
    made.shop = await open_shop(http, database)
    made.things = await stock(made.shop)
    made.one = f"{ACCOUNTS}/{made.things['account']}"
    return made


async def read(world: World, path: str, **params: str) -> Any:
    """An answer's body."""
    answer = await world.shop.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_only_the_selected_parts_are_given(world: World) -> None:
    full = await read(world, world.one)
    some = await read(
        world, world.one, responseFields="ID,emailaddress,auditInfo(createDate),contacts.address.countryCode"
    )

    assert some == {
        "id": full["id"],
        "emailAddress": full["emailAddress"],
        "auditInfo": {"createDate": full["auditInfo"]["createDate"]},
        "contacts": [{"address": {"countryCode": None}}],
    }


async def test_dots_are_as_good_as_parentheses(world: World) -> None:
    nested = await read(world, ACCOUNTS, responseFields="items(id,contacts(firstName)),totalCount")
    dotted = await read(world, ACCOUNTS, responseFields="items.id,items.contacts.firstName,totalCount")

    assert nested == dotted
    assert set(nested) == {"items", "totalCount"}
    assert set(nested["items"][0]) == {"id", "contacts"}


async def test_unknown_names_are_ignored_and_nothing_means_everything(world: World) -> None:
    full = await read(world, world.one)

    assert await read(world, world.one, responseFields="") == full
    assert await read(world, world.one, responseFields=" ,") == full
    assert await read(world, world.one, responseFields="id,shoeSize,contacts(shoeSize)") == {
        "id": full["id"],
        "contacts": [{}],
    }
    assert await read(world, world.one, responseFields="shoeSize") == {}


async def test_a_bare_array_is_selected_element_by_element(world: World) -> None:
    selected = await read(world, f"{world.one}/transactions", responseFields="transactionId")

    assert selected == [{"transactionId": world.things["transaction"]}]


@pytest.mark.parametrize("text", ["items(id", "items)id(", "items(id))", "(id)", "a(b)(c)", "a" * 9_000])
async def test_what_cannot_be_read_is_refused_by_name(world: World, text: str) -> None:
    for path in (ACCOUNTS, world.one, f"{world.one}/contacts", f"{world.one}/transactions"):
        answer = await world.shop.get(path, params={"responseFields": text})
        assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", "responseFields"), path
    assert fault(await world.shop.get(ACCOUNTS, params={"fields": text}))[2] == "fields"


async def test_a_refused_selection_of_a_change_changes_nothing(shop: Shop) -> None:
    answer = await shop.post(ACCOUNTS, {"firstName": "Jo"}, params={"responseFields": "items("})

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", "responseFields")
    assert (await shop.get(ACCOUNTS)).json()["totalCount"] == 0


async def test_the_answer_of_a_change_is_selected_too(shop: Shop) -> None:
    answer = await shop.post(ACCOUNTS, {"firstName": "Jo"}, params={"responseFields": "firstName,isAnonymous"})

    assert (answer.status_code, answer.json()) == (201, {"firstName": "Jo", "isAnonymous": True})


async def test_fields_speak_of_the_items(world: World) -> None:
    page = await read(world, ACCOUNTS, fields="id,emailAddress")
    both = await read(world, ACCOUNTS, fields="id", responseFields="totalCount,items(lastName)")

    assert set(page) == {"startIndex", "pageSize", "pageCount", "totalCount", "nextCursor", "items"}
    assert {frozenset(item) for item in page["items"]} == {frozenset({"id", "emailAddress"})}
    assert set(both) == {"totalCount", "items"}
    assert {frozenset(item) for item in both["items"]} == {frozenset({"id", "lastName"})}


@pytest.mark.parametrize(
    ("groups", "contacts", "notes"),
    [
        (None, 1, 1),
        ("Contacts", 1, 0),
        ("CustomerAccountNotes", 0, 1),
        ("contacts,CUSTOMERACCOUNTNOTES", 1, 1),
        ("OrderSummary", 0, 0),
        ("Contacts, Unknown", 1, 0),
    ],
)
async def test_groups_bring_their_children(world: World, groups: str | None, contacts: int, notes: int) -> None:
    params = {} if groups is None else {"responseGroups": groups}
    one = await read(world, world.one, **params)
    page = await read(world, ACCOUNTS, filter=f"id eq {world.things['account']}", **params)

    for account in (one, page["items"][0]):
        assert (len(account["contacts"] or ()), len(account["notes"] or ())) == (contacts, notes)
        assert account["emailAddress"] == world.things["email"]
