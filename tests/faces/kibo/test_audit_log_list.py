"""The audit log as a list: filtered, sorted, paged."""

import itertools
from typing import Any

import pytest

from audit_log import happen
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault
from statements import Watch

INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


@pytest.fixture
async def log(shop: Shop, database: Database) -> str:
    """A log of four entries by staff, after those of the account's creation."""
    account = (await shop.account(emailAddress=None, firstName="Jo"))["id"]
    await database.session().execute(
        "update event set at = '2026-01-01Z' where tenant_id = $1 and account_id = $2", shop.tenant_id, account
    )
    await happen(database, shop, account, "contact.updated", {"contact/7/line_1": ("a", "b"), "email": ("a", "b")})
    await happen(database, shop, account, "note.deleted", {"note/9/content": ("100%_x", None), "company": ("a", "")})
    return f"{ACCOUNTS}/{account}/AuditLog/Entries"


STAFF = ["/Customer/Notes/9/Content", "/Customer/CompanyOrOrganization"]
STAFF += ["/Customer/EmailAddress", "/Customer/Contacts/7/Address/Address1"]


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ("entryUser eq KIM@shop.test", STAFF),
        ("entryUser cont kim and fieldPath cont address", STAFF[2:]),
        ("application eq back.office", STAFF),
        ("application sw back and description sw note", STAFF[:2]),
        ("description eq 'contact changed'", STAFF[2:]),
        ("fieldPath eq /customer/contacts/7/address/address1", STAFF[3:]),
        ("fieldPath sw /Customer/Notes/", STAFF[:1]),
        ("fieldPath in [/Customer/EmailAddress,/Customer/Notes/9/Content]", [STAFF[0], STAFF[2]]),
        ("site eq null", STAFF),
        ("entryDate ge 2030-01-01", STAFF),
        ("entryDate eq 2030-01-01T00:00:00Z", STAFF),
        ("entryDate lt 2026-01-01", []),
        ("entryDate gt 2026-01-01 and entryDate lt 2030-01-01", []),
        ("fieldPath cont %", []),
    ],
)
async def test_it_is_filtered(shop: Shop, log: str, wanted: str, paths: list[str]) -> None:
    answer = (await shop.get(log, params={"filter": wanted})).json()

    assert sorted(one["fieldPath"] for one in answer["items"]) == sorted(paths)
    assert answer["totalCount"] == len(paths)


async def test_it_is_filtered_by_site(shop: Shop, log: str) -> None:
    answer = (await shop.get(log, params={"filter": f"site eq {shop.site_id}"})).json()

    assert answer["totalCount"] > 0
    assert {one["site"] for one in answer["items"]} == {str(shop.site_id)}


@pytest.mark.parametrize(
    "order",
    [
        None,
        "entryDate",
        "entryDate desc",
        "fieldPath",
        "fieldPath desc, entryUser",
        "entryUser desc",
        "application",
        "site",
        "description, fieldPath desc",
    ],
)
async def test_pages_join_without_gap_or_overlap(shop: Shop, log: str, order: str | None) -> None:
    params: dict[str, Any] = {"sortBy": order} if order else {}
    whole = (await shop.get(log, params=params | {"pageSize": 200})).json()["items"]

    by_cursor, cursor = [], {}
    for start in itertools.count(step=2):
        page = (await shop.get(log, params=params | cursor | {"pageSize": 2})).json()
        by_offset = (await shop.get(log, params=params | {"pageSize": 2, "startIndex": start})).json()
        assert page["items"] == by_offset["items"]
        by_cursor += page["items"]
        cursor = {"cursor": page["nextCursor"]}
        if page["nextCursor"] is None:
            break

    assert len(whole) >= 6
    assert by_cursor == whole


async def test_sorting_follows_the_field(shop: Shop, log: str) -> None:
    up = (await shop.get(log, params={"sortBy": "fieldPath"})).json()["items"]
    down = (await shop.get(log, params={"sortBy": "fieldPath desc"})).json()["items"]

    assert [one["fieldPath"] for one in up] == sorted((one["fieldPath"] for one in up), key=str.lower)
    assert down == up[::-1]


async def test_a_page_of_none_counts(shop: Shop, log: str) -> None:
    total = (await shop.get(log)).json()["totalCount"]

    assert (await shop.get(log, params={"pageSize": 0})).json() == {
        "items": [],
        "startIndex": 0,
        "pageSize": 0,
        "pageCount": 0,
        "totalCount": total,
        "nextCursor": None,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter", "oldValue eq x"),
        ("filter", "entryDate eq yesterday"),
        ("filter", "entryDate cont 2026"),
        ("filter", "fieldPath like x"),
        ("filter", "fieldPath eq"),
        ("sortBy", "newValue"),
        ("pageSize", "-1"),
        ("startIndex", "x"),
        ("cursor", "x"),
        ("responseFields", "items("),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(shop: Shop, name: str, value: str) -> None:
    account = (await shop.account())["id"]

    answer = await shop.get(f"{ACCOUNTS}/{account}/AuditLog/Entries", params={name: value})

    assert fault(answer) == (*INVALID, name)


async def test_a_page_costs_the_same_whatever_its_size(shop: Shop, log: str, statements: Watch) -> None:
    heard: list[str] = []
    statements.listeners.append(heard.append)
    counts = []
    for size in (1, 3, 200):
        heard.clear()
        await shop.get(log, params={"pageSize": size})
        counts.append(len(heard))
    statements.listeners.remove(heard.append)

    assert counts == [1, 1, 1]
