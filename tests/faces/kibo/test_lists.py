"""Lists: pages by offset and by cursor, order, totals, and what a page costs (Kibo behaviour 5.1, 5.2)."""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from kibo_requests import stock
from patron.customers.queries import FIELDS
from patron.kernel.db import Database
from patron.kernel.values import fold
from patron.kibo.accounts import NAMES
from patron.kibo.contacts import NAMES as CONTACT_NAMES
from shops import ACCOUNTS, Shop, fault, open_shop
from statements import Counting, Watch

SORTABLE = [wire for wire, name in NAMES.items() if FIELDS[name].sort is not None]
NAMES_IN_USE = [
    None,
    "",
    "Zoë",
    "zoe",
    "ZOE",
    "Ångström",
    "angstrom",
    "Émile",
    "emile",
    "Straße",
    "strasse",
    "  Zoe  ",
    "字",
    "_",
    "9",
]


@pytest_asyncio.fixture(scope="module")
async def full(http: httpx.AsyncClient, database: Database) -> Shop:
    """A shop with accounts that share many values, so that ties abound."""
    shop = await open_shop(http, database)
    chance = random.Random(7)
    for n in range(45):
        body = {
            "firstName": chance.choice(NAMES_IN_USE),
            "lastName": chance.choice(NAMES_IN_USE),
            "companyOrOrganization": chance.choice([None, "Acme", "acme", "Zebra"]),
            "externalId": chance.choice([None, "x", "X", f"ext-{n}"]),
            "taxId": chance.choice([None, "1", "2"]),
            "localeCode": chance.choice([None, "en-US", "de-DE"]),
            "acceptsMarketing": chance.choice([True, False]),
            "emailAddress": chance.choice([None, f"{n % 9}@example.com", f"É{n % 5}@example.com"]),
        }
        account = await shop.account(**body)
        if n % 4 == 0:
            order = {"transactionType": "Order", "currencyCode": "USD", "interactionType": "Website"}
            amount = chance.choice([1, 1, 2.5, 100])
            made = await shop.post(f"{ACCOUNTS}/{account['id']}/transactions", {**order, "amount": amount})
            assert made.status_code == 201, made.text
    return shop


async def listed(shop: Shop, path: str = ACCOUNTS, **params: Any) -> dict[str, Any]:
    """A page."""
    answer = await shop.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(page: dict[str, Any]) -> list[int]:
    """Which things a page shows."""
    return [item["id"] for item in page["items"]]


async def by_cursor(shop: Shop, path: str = ACCOUNTS, **params: Any) -> list[int]:
    """All things of a list, page by page."""
    found: list[int] = []
    cursor = None
    while True:
        page = await listed(shop, path, **params, **({"cursor": cursor} if cursor else {}))
        found += ids(page)
        cursor = page["nextCursor"]
        if cursor is None:
            return found


async def by_offset(shop: Shop, path: str = ACCOUNTS, *, size: int, **params: Any) -> list[int]:
    """All things of a list, by growing start."""
    found: list[int] = []
    for start in itertools.count(0, size):
        page = ids(await listed(shop, path, **params, pageSize=size, startIndex=start))
        found += page
        if not page:
            return found
    raise AssertionError


async def test_a_page_says_where_it_stands(shop: Shop) -> None:
    account = await shop.account()
    one = f"{ACCOUNTS}/{account['id']}/contacts"
    await shop.put(one, [{"firstName": f"{n}"} for n in range(25)])

    page = await listed(shop, one, pageSize=10, startIndex=5)

    frame = {name: page[name] for name in ("startIndex", "pageSize", "pageCount", "totalCount")}
    assert frame == {"startIndex": 5, "pageSize": 10, "pageCount": 3, "totalCount": 25}
    assert [item["firstName"] for item in page["items"]] == [f"{n}" for n in range(5, 15)]


async def test_pages_have_twenty_items_unless_asked_and_two_hundred_at_most(full: Shop) -> None:
    page = await listed(full)
    large = await listed(full, pageSize=100_000)

    assert (page["pageSize"], len(page["items"]), page["startIndex"], page["pageCount"]) == (20, 20, 0, 3)
    assert (large["pageSize"], len(large["items"]), large["pageCount"], large["nextCursor"]) == (200, 45, 1, None)


async def test_a_page_without_size_counts_only(full: Shop) -> None:
    page = await listed(full, pageSize=0)

    assert (page["totalCount"], page["pageCount"], page["items"], page["nextCursor"]) == (45, 0, [], None)


async def test_behind_the_end_and_in_an_empty_list_there_is_nothing(full: Shop, shop: Shop) -> None:
    behind = await listed(full, startIndex=45)
    empty = await listed(shop)

    assert (behind["items"], behind["totalCount"], behind["nextCursor"]) == ([], 45, None)
    assert (empty["items"], empty["totalCount"], empty["pageCount"], empty["nextCursor"]) == ([], 0, 0, None)


async def test_without_an_order_the_oldest_comes_first(full: Shop) -> None:
    assert ids(await listed(full, pageSize=200)) == sorted(await by_cursor(full))


async def test_names_sort_without_case_and_accents_and_nothing_comes_first(full: Shop) -> None:
    up = (await listed(full, sortBy="lastName", pageSize=200))["items"]
    down = (await listed(full, sortBy="lastname DESC", pageSize=200))["items"]

    keys = [(fold(item["lastName"]), item["id"]) for item in up]
    assert keys == sorted(keys)
    assert keys[0][0] == ""
    assert ids({"items": down}) == ids({"items": up})[::-1]


async def test_an_order_by_id_leaves_nothing_to_order_behind_it(full: Shop) -> None:
    assert ids(await listed(full, sortBy="id desc, lastName asc", pageSize=200)) == sorted(
        ids(await listed(full, pageSize=200)), reverse=True
    )
    assert await by_cursor(full, sortBy="id desc, firstName", pageSize=7) == await by_offset(
        full, sortBy="id desc", size=7
    )


@pytest.mark.parametrize("field", SORTABLE)
async def test_every_order_can_be_walked_by_cursor_and_by_offset(full: Shop, field: str) -> None:
    for direction in ("asc", "desc"):
        order = f"{field} {direction}"
        walked = await by_cursor(full, sortBy=order, pageSize=11)
        assert walked == await by_offset(full, sortBy=order, size=11)
        assert len(set(walked)) == 45


def mixed_orders() -> Iterator[str]:
    """Pairs of orders in different directions."""
    for one, other in itertools.permutations(
        ["lastName", "firstName", "acceptsMarketing", "commerceSummary.totalOrderAmount", "emailAddress", "externalId"],
        2,
    ):
        yield f"{one} desc, {other} asc"
        yield f"{one}, {other} desc, createDate asc"


async def test_a_cursor_equals_an_offset_for_mixed_directions(full: Shop) -> None:
    for order in mixed_orders():
        walked = await by_cursor(full, sortBy=order, pageSize=13)
        assert walked == ids(await listed(full, sortBy=order, pageSize=200)), order


async def test_a_cursor_goes_on_where_it_stood_although_things_came_and_went(shop: Shop) -> None:
    made = [(await shop.account(lastName=f"{n:02}"))["id"] for n in range(8)]
    first = await listed(shop, sortBy="lastName", pageSize=3)
    await shop.account(lastName="00a")
    await shop.delete(f"{ACCOUNTS}/{made[1]}")

    second = await listed(shop, sortBy="lastName", pageSize=3, cursor=first["nextCursor"])

    assert ids(first) + ids(second) == made[:6]


async def test_a_cursor_belongs_to_its_order_and_tenant(full: Shop, shop: Shop) -> None:
    cursor = (await listed(full, sortBy="lastName", pageSize=1))["nextCursor"]
    await shop.account()
    await shop.account()

    for params in (
        *({"sortBy": "firstName"}, {"sortBy": "lastName desc"}, {}, {"sortBy": "lastName, firstName"}),
        *({"sortBy": "lastName", "cursor": cursor[:-2]}, {"sortBy": "lastName", "cursor": cursor + "x"}),
        {"sortBy": "lastName", "cursor": cursor.swapcase()},
    ):
        answer = await full.get(ACCOUNTS, params={"cursor": cursor, **params})
        assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", "cursor")
    strange = await shop.get(ACCOUNTS, params={"cursor": cursor, "sortBy": "lastName"})
    assert fault(strange) == (400, "MISSING_OR_INVALID_PARAMETER", "cursor")
    again = await listed(full, sortBy="lastName", pageSize=1, cursor=cursor)
    assert len(again["items"]) == 1


async def test_a_cursor_keeps_the_filter_that_comes_with_it(full: Shop) -> None:
    asked = {"filter": "acceptsMarketing eq true", "sortBy": "firstName desc"}
    walked = await by_cursor(full, **asked, pageSize=4)

    assert walked == ids(await listed(full, **asked, pageSize=200))
    assert 0 < len(walked) < 45


@pytest.mark.parametrize("field", sorted(CONTACT_NAMES))
async def test_contacts_can_be_ordered_by_every_field(shop: Shop, field: str) -> None:
    account = await shop.account(
        contacts=[
            {
                "firstName": name,
                "lastNameOrSurname": name,
                "email": name,
                "label": name,
                "faxNumber": name,
                "middleNameOrInitial": name,
                "companyOrOrganization": name,
                "phoneNumbers": {"home": name, "work": name},
                "address": {"address1": name, "cityOrTown": name, "isValidated": name == "b"},
            }
            for name in ("b", "A", None, "ä", "c", "", "B")
        ]
    )
    one = f"{ACCOUNTS}/{account['id']}/contacts"
    for direction in ("asc", "desc"):
        order = f"{field} {direction}"
        assert await by_cursor(shop, one, sortBy=order, pageSize=2) == await by_offset(shop, one, sortBy=order, size=2)


async def test_totals_follow_every_change(shop: Shop) -> None:
    async def totals() -> tuple[int, int, int]:
        asked: list[dict[str, Any]] = [{}, {"isAnonymous": True}, {"isAnonymous": False}]
        counted = [(await listed(shop, pageSize=0, **params))["totalCount"] for params in asked]
        assert counted == [len((await listed(shop, pageSize=200, **params))["items"]) for params in asked]
        return counted[0], counted[1], counted[2]

    guest = await shop.account()
    other = await shop.account()
    assert await totals() == (2, 2, 0)
    await shop.shopper()
    assert await totals() == (3, 2, 1)
    made = await shop.post(
        f"{ACCOUNTS}/{guest['id']}/Create-Login", {"emailAddress": guest["emailAddress"], "password": "Horse-77"}
    )
    assert made.status_code == 201, made.text
    assert await totals() == (3, 1, 2)
    for account in (guest, other):
        await shop.delete(f"{ACCOUNTS}/{account['id']}")
    assert await totals() == (1, 0, 1)
    refused = await shop.post(ACCOUNTS, {"notes": [{"content": ""}]})
    assert refused.status_code == 400
    assert await totals() == (1, 0, 1)


async def test_a_list_costs_the_same_statements_whatever_its_size(full: Shop, statements: Watch) -> None:
    stocked = await stock(full)
    one = f"{ACCOUNTS}/{stocked['account']}"
    for path, params, most in (
        (ACCOUNTS, {}, 2),  # the page, and all children of all its accounts
        (ACCOUNTS, {"filter": "contacts.firstName eq Kim or id gt 0"}, 1),
        (ACCOUNTS, {"q": "e"}, 1),
        (ACCOUNTS, {"responseFields": "items(id,lastName)"}, 1),
        (f"{one}/contacts", {}, 1),
        (f"{one}/notes", {}, 1),
        (f"{one}/segments", {}, 1),
    ):
        counts = []
        for size in (1, 5, 50, 200):
            await listed(full, pageSize=1)  # the token is in the cache from here on
            with Counting(statements) as counting:
                await listed(full, path, pageSize=size, **params)
            counts.append(len(counting.heard))
        assert len(set(counts)) == 1, (path, params, counts)
        assert counts[0] <= most, (path, params, counting.heard)


async def test_one_account_with_all_that_hangs_on_it_is_one_statement(shop: Shop, statements: Watch) -> None:
    stocked = await stock(shop)
    await listed(shop, pageSize=1)
    with Counting(statements) as counting:
        answer = await shop.get(f"{ACCOUNTS}/{stocked['account']}")

    assert answer.json()["contacts"]
    assert len(counting.heard) == 1
