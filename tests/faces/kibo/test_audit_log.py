"""The audit log of an account: an entry for each changed field, for staff only."""

import httpx

from audit_log import entries, happen, told
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault, open_shop


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
        "impersonator": None,
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


async def test_a_card_that_goes_with_its_contact_is_told(shop: Shop) -> None:
    account = (await shop.account())["id"]
    contact = (await shop.contact(account))["id"]
    card = {"id": "tok_1", "cardNumberPart": "1111", "contactId": contact}
    await shop.post(f"{ACCOUNTS}/{account}/cards", card)

    await shop.delete(f"{ACCOUNTS}/{account}/contacts/{contact}")

    found = told(await entries(shop, account))
    assert found["/Customer/Cards/tok_1/CardNumberPart"] == ("1111", None)
    assert found["/Customer/Cards/tok_1/ContactId"] == (str(contact), None)
    assert found[f"/Customer/Contacts/{contact}/FirstName"] == ("Kim", None)


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
