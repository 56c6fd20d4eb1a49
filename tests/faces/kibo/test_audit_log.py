"""The audit log of an account: an entry for each changed field, for staff only."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from patron.accounts.model import AUDITED
from patron.cards import model as cards
from patron.contacts import model as contacts
from patron.kernel.db import Database
from patron.kernel.events import TOPICS
from patron.kibo.account_bodies import CustomerAccount
from patron.kibo.audit import WORDS
from patron.kibo.cards import Card
from patron.kibo.contacts import CustomerContact
from patron.kibo.transactions import Transaction
from patron.transactions import model as transactions
from shops import ACCOUNTS, Shop, fault, open_shop
from statements import Watch

INVALID = (400, "MISSING_OR_INVALID_PARAMETER")


async def entries(shop: Shop, account_id: int, **params: object) -> list[dict[str, Any]]:
    """The audit log of an account."""
    answer = await shop.get(f"{ACCOUNTS}/{account_id}/AuditLog/Entries", params={"pageSize": 200, **params})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def told(items: list[dict[str, Any]]) -> dict[str, tuple[str | None, str | None]]:
    """Field path → value before and after its newest change."""
    return {one["fieldPath"]: (one["oldValue"], one["newValue"]) for one in reversed(items)}


async def happen(database: Database, shop: Shop, account_id: int, topic: str, changes: dict[str, Any]) -> int:
    """An event that something else recorded. Answers its id."""
    return int(
        await database.session().value(
            """
            insert into event (tenant_id, at, topic, account_id, changes, actor_kind, actor, application, request_id)
            values ($1, '2030-01-01Z', $2, $3, $4, 'staff', 'kim@shop.test', 'back.office', 'r') returning id
            """,
            shop.tenant_id,
            topic,
            account_id,
            changes,
        )
    )


async def test_a_new_account_tells_what_it_was_made_of(shop: Shop) -> None:
    account = await shop.account(
        emailAddress="jo@example.com",
        firstName="Jo",
        taxExempt=True,
        contacts=[{"lastNameOrSurname": "Doe", "phoneNumbers": {"home": "1"}, "address": {"cityOrTown": "Oslo"}}],
        notes=[{"content": "Likes tea"}],
    )

    found = told(await entries(shop, account["id"]))

    contact, note = account["contacts"][0]["id"], account["notes"][0]["id"]
    assert found["/Customer/EmailAddress"] == (None, "jo@example.com")
    assert found["/Customer/FirstName"] == (None, "Jo")
    assert found["/Customer/TaxExempt"] == (None, "true")
    assert found["/Customer/AccountType"] == (None, "B2C")
    assert found[f"/Customer/Contacts/{contact}/LastNameOrSurname"] == (None, "Doe")
    assert found[f"/Customer/Contacts/{contact}/PhoneNumbers/Home"] == (None, "1")
    assert found[f"/Customer/Contacts/{contact}/Address/CityOrTown"] == (None, "Oslo")
    assert found[f"/Customer/Notes/{note}/Content"] == (None, "Likes tea")
    assert "/Customer/LastName" not in found


async def test_an_entry_says_who_when_and_where(shop: Shop) -> None:
    account = await shop.account(firstName="Jo")
    await shop.put(f"{ACCOUNTS}/{account['id']}", {"emailAddress": account["emailAddress"], "firstName": "Joan"})

    newest = (await entries(shop, account["id"]))[0]

    updated = (await shop.get(f"{ACCOUNTS}/{account['id']}")).json()["auditInfo"]
    assert newest.pop("customerAuditEntryId") > 0
    assert newest == {
        "customerAccountId": account["id"],
        "entryDate": updated["updateDate"],
        "entryUser": shop.client_id,
        "application": shop.client_id,
        "site": str(shop.site_id),
        "fieldPath": "/Customer/FirstName",
        "oldValue": "Jo",
        "newValue": "Joan",
        "description": "Account changed",
    }


async def test_a_shoppers_change_names_the_shopper(shop: Shop) -> None:
    ticket = await shop.shopper(firstName="Jo")
    account = ticket["customerAccount"]
    body = {"emailAddress": account["emailAddress"], "firstName": "Joan"}
    await shop.put(f"{ACCOUNTS}/{account['id']}", body, shopper=ticket["accessToken"])

    newest = (await entries(shop, account["id"]))[0]

    assert newest["fieldPath"] == "/Customer/FirstName"
    assert (newest["entryUser"], newest["application"]) == (ticket["userId"], shop.client_id)


async def test_every_kind_of_change_is_told(shop: Shop) -> None:
    account = (await shop.account())["id"]
    path, seen = f"{ACCOUNTS}/{account}", len(await entries(shop, account))

    async def news() -> dict[str, tuple[str | None, str | None]]:
        nonlocal seen
        items = await entries(shop, account)
        fresh, seen = items[: len(items) - seen], len(items)
        return told(fresh)

    contact = (await shop.contact(account, email="kim@example.com"))["id"]
    at = f"/Customer/Contacts/{contact}"
    assert (await news())[f"{at}/Email"] == (None, "kim@example.com")
    await shop.put(f"{path}/contacts/{contact}", {"firstName": "Kim", "types": [{"name": "Billing"}]})
    assert await news() == {f"{at}/Email": ("kim@example.com", None), f"{at}/Types/Billing": ("false", "true")}
    await shop.delete(f"{path}/contacts/{contact}")
    assert (await news())[f"{at}/FirstName"] == ("Kim", None)

    note = (await shop.post(f"{path}/notes", {"content": "tea"})).json()["id"]
    assert await news() == {f"/Customer/Notes/{note}/Content": (None, "tea")}
    await shop.put(f"{path}/notes/{note}", {"content": "coffee"})
    assert await news() == {f"/Customer/Notes/{note}/Content": ("tea", "coffee")}
    await shop.delete(f"{path}/notes/{note}")
    assert await news() == {f"/Customer/Notes/{note}/Content": ("coffee", None)}

    await shop.post(f"{path}/action", {"actionName": "DisableAccount"})
    assert await news() == {"/Customer/IsActive": ("true", "false")}


async def test_cards_are_told_masked(shop: Shop) -> None:
    account = (await shop.account())["id"]
    path = f"{ACCOUNTS}/{account}/cards"
    card = {"id": "tok/1", "cardNumberPart": "****1111", "cardType": "VISA", "isDefaultPayMethod": True}
    await shop.post(path, card)
    await shop.post(path, card | {"id": "tok_2", "cardNumberPart": None})

    found = told(await entries(shop, account))

    assert found["/Customer/Cards/tok/1/CardNumberPart"] == (None, "****1111")
    assert found["/Customer/Cards/tok/1/CardType"] == (None, "VISA")
    assert found["/Customer/Cards/tok/1/IsDefaultPayMethod"] == ("true", "false")
    assert found["/Customer/Cards/tok_2/IsDefaultPayMethod"] == (None, "true")
    await shop.delete(f"{path}/tok%2F1")
    assert told(await entries(shop, account))["/Customer/Cards/tok/1/CardNumberPart"] == ("****1111", None)


async def test_transactions_and_corrections_are_told(shop: Shop, database: Database) -> None:
    account = (await shop.account())["id"]
    path = f"{ACCOUNTS}/{account}"
    await shop.post(f"{path}/transactions", {"transactionId": "o-1", "transactionType": "Order", "amount": 12.5})

    found = told(await entries(shop, account))
    assert found["/Customer/Transactions/o-1/TransactionType"] == (None, "Order")
    assert found["/Customer/Transactions/o-1/Amount"] == (None, "12.50")
    assert found["/Customer/Transactions/o-1/CurrencyCode"] == (None, "USD")
    before = len(await entries(shop, account))
    await shop.post(f"{path}/recomputelifetimevalue")
    assert len(await entries(shop, account)) == before
    await database.session().execute(
        "update account set order_total_minor = 1 where tenant_id = $1 and id = $2", shop.tenant_id, account
    )
    await shop.post(f"{path}/recomputelifetimevalue")
    newest = (await entries(shop, account))[0]
    assert newest["fieldPath"] == "/Customer/CommerceSummary/TotalOrderAmount/Amount"
    assert (newest["oldValue"], newest["newValue"]) == ("0.01", "12.50")
    assert newest["description"] == "Lifetime value computed again"


async def test_locks_are_told_and_signing_in_is_not(shop: Shop) -> None:
    ticket = await shop.shopper()
    account = ticket["customerAccount"]["id"]
    before = len(await entries(shop, account))

    await shop.post("/api/commerce/customer/authtickets", {"username": ticket["customerAccount"]["userName"]})
    await shop.post(f"{ACCOUNTS}/{account}/Set-Login-Locked", json=True)

    found = await entries(shop, account)
    assert told(found[: len(found) - before]) == {"/Customer/IsLocked": ("false", "true")}


async def test_no_password_is_told(shop: Shop) -> None:
    ticket = await shop.shopper("First-secret-1")
    account = ticket["customerAccount"]["id"]
    await shop.post(f"{ACCOUNTS}/{account}/Change-Password", {"newPassword": "Second-secret-2"})

    log = str(await entries(shop, account))

    for secret in ("First-secret-1", "Second-secret-2", "argon2", ticket["refreshToken"], ticket["accessToken"]):
        assert secret not in log


async def test_values_are_text(shop: Shop, database: Database) -> None:
    account = (await shop.account())["id"]
    await happen(
        database,
        shop,
        account,
        "attribute.updated",
        {
            "attribute/tenant~color": (["red"], ["red", 'say "x"', 3]),
            "attribute/tenant~vip": (None, [True]),
            "segment/12": (None, "VIP"),
            "one_number": (1, 2.50),
            "one_flag": (False, True),
            "one_nothing": ("", None),
            "one_thing": ({"a": None}, {}),
        },
    )

    found = told((await entries(shop, account))[:7])

    assert found == {
        "/Customer/Attributes/tenant~color": ('["red"]', '["red", "say \\"x\\"", 3]'),
        "/Customer/Attributes/tenant~vip": (None, "[true]"),
        "/Customer/Segments/12": (None, "VIP"),
        "/Customer/OneNumber": ("1", "2.5"),
        "/Customer/OneFlag": ("false", "true"),
        "/Customer/OneNothing": ("", None),
        "/Customer/OneThing": ('{"a": null}', "{}"),
    }


async def test_ids_are_unique_and_stay(shop: Shop, database: Database) -> None:
    account = (await shop.account(contacts=[{"firstName": f"Kim {n}"} for n in range(20)]))["id"]
    first = await entries(shop, account, sortBy="entryDate")
    await shop.put(f"{ACCOUNTS}/{account}", {"firstName": "Jo"})
    event = await happen(
        database, shop, account, "account.updated", {"b": (1, 2), "a": (1, 2), "contact/1/email": (1, 2)}
    )

    log = await entries(shop, account, pageSize=200)

    ids = [one["customerAuditEntryId"] for one in log]
    assert len(set(ids)) == len(ids) > 100
    assert ids == sorted(ids, reverse=True)
    assert {one["customerAuditEntryId"]: one["fieldPath"] for one in log}.items() >= {
        one["customerAuditEntryId"]: one["fieldPath"] for one in first[:50]
    }.items()
    assert [(one["customerAuditEntryId"] - event * 10_000, one["fieldPath"]) for one in log[:3]] == [
        (3, "/Customer/Contacts/1/Email"),
        (2, "/Customer/B"),
        (1, "/Customer/A"),
    ]


async def test_an_event_without_changes_gives_no_entry(shop: Shop, database: Database) -> None:
    account = (await shop.account())["id"]
    before = await entries(shop, account)

    await happen(database, shop, account, "login.signed_in", {})

    assert await entries(shop, account) == before


async def test_an_account_without_entries_has_an_empty_log(shop: Shop, database: Database) -> None:
    account = (await shop.account())["id"]
    await database.session().execute("delete from event where tenant_id = $1", shop.tenant_id)

    answer = await shop.get(f"{ACCOUNTS}/{account}/AuditLog/Entries")

    assert answer.json() == {
        "items": [],
        "startIndex": 0,
        "pageSize": 20,
        "pageCount": 0,
        "totalCount": 0,
        "nextCursor": None,
    }


async def test_the_log_of_a_removed_account_says_so(shop: Shop) -> None:
    account = await shop.account(firstName="Jo")
    await shop.delete(f"{ACCOUNTS}/{account['id']}")

    log = await entries(shop, account["id"], filter="description eq 'Account deleted'")

    assert told(log)["/Customer/FirstName"] == ("Jo", None)


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


async def test_accounts_of_nobody_and_of_others_are_not_found(shop: Shop, other_shop: Shop) -> None:
    foreign = (await other_shop.account())["id"]

    for key in (foreign, 999_999_999, "abc"):
        assert fault(await shop.get(f"{ACCOUNTS}/{key}/AuditLog/Entries")) == (404, "ITEM_NOT_FOUND", None), key


async def test_the_log_is_not_for_shoppers(shop: Shop) -> None:
    ticket = await shop.shopper()
    own = f"{ACCOUNTS}/{ticket['customerAccount']['id']}/AuditLog/Entries"

    assert fault(await shop.get(own, shopper=ticket["accessToken"])) == (403, "FORBIDDEN", None)


async def test_the_application_needs_the_behavior(http: httpx.AsyncClient, database: Database) -> None:
    writer = await open_shop(http, database, ("customer:update",))

    assert fault(await writer.get(f"{ACCOUNTS}/1/AuditLog/Entries")) == (403, "FORBIDDEN", None)


async def test_a_page_costs_the_same_whatever_its_size(shop: Shop, log: str, statements: Watch) -> None:
    heard: list[str] = []
    statements.listeners.append(heard.append)
    counts = []
    for size in (1, 3, 200):
        heard.clear()
        await shop.get(log, params={"pageSize": size})
        counts.append(len(heard))
    statements.listeners.remove(heard.append)

    assert counts == [4, 4, 4]  # begin, count, page, commit


def wire_path(noun: str, name: str) -> str:
    """How the audit log spells a field."""
    return WORDS.get(f"{noun}/{name}" if noun else name) or "".join(w.capitalize() for w in name.split("_"))


@pytest.mark.parametrize(
    ("noun", "names", "body"),
    [
        ("", [*AUDITED, "order_count", "order_total", "last_order_at", "wishlist_count", "is_locked"], CustomerAccount),
        ("contact", contacts.Details.__struct_fields__, CustomerContact),
        ("card", cards.Details.__struct_fields__, Card),
        ("transaction", transactions.Details.__struct_fields__[1:], Transaction),
    ],
)
def test_every_path_leads_to_a_property_of_the_body(noun: str, names: list[str], body: type) -> None:
    for name in names:
        inner: Any = body
        for word in wire_path(noun, name).split("/"):
            if word == "Types":
                break
            properties = {f.encode_name.lower(): f.type for f in msgspec.structs.fields(inner)}
            assert word.lower() in properties, (noun, name)
            inner = next((t for t in _parts(properties[word.lower()]) if issubclass(t, msgspec.Struct)), None)


def _parts(type_: Any) -> Iterator[type]:
    if isinstance(type_, type):
        yield type_
    for one in getattr(type_, "__args__", ()):
        yield from _parts(one)


def test_every_topic_has_a_sentence() -> None:
    assert all(sentence and sentence[0].isupper() for sentence in TOPICS.values())
