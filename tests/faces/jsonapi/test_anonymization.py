"""Customers who want to be forgotten: asking, taking back, and that nothing of them is left anywhere."""

from datetime import timedelta
from typing import Any

from organizations import Organization, to_one
from patron.erasure.job import forget_due
from patron.imports.work import work
from patron.jsonapi import ids
from patron.jsonapi.trading import Trade
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from shops import ACCOUNTS
from webapps import open_webapp

WORDS = ("ilse", "forgetme", "geheimrat", "lindenallee", "blabla")


async def ask(organization: Organization, id_: str, **triggers: Any) -> dict[str, Any]:
    """Pull a trigger; answers the attributes."""
    answer = await organization.patch("customers", id_, triggers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"]["attributes"])


async def known(organization: Organization) -> tuple[int, str]:
    """A customer of whom much is known; answers both ids."""
    shop = organization.shop
    ticket = await shop.shopper(emailAddress="ilse.forgetme@example.com", firstName="Ilse", lastName="Geheimrat")
    account_id = ticket["customerAccount"]["id"]
    await shop.contact(
        account_id, firstName="Ilse", email="ilse.forgetme@example.com",
        address={"address1": "Lindenallee 7", "cityOrTown": "Bonn", "countryCode": "DE"},
    )  # fmt: skip
    noted = await shop.post(f"{ACCOUNTS}/{account_id}/notes", {"content": "Ilse says blabla"})
    assert noted.status_code == 201
    found = await organization.get("customers?filter[q][email_eq]=ilse.forgetme@example.com")
    id_ = found.json()["data"][0]["id"]
    await ask(organization, id_, reference="Ilse-1", metadata={"who": "Ilse"})
    address = await organization.create(
        "addresses", first_name="Ilse", last_name="Forgetme", line_1="Lindenallee 9", city="Bonn", zip_code="53111",
        country_code="DE", phone="0228 blabla", notes="ring Geheimrat",
    )  # fmt: skip
    linked = {"shipping_address": to_one("addresses", address["id"]), "customer": to_one("customers", id_)}
    await organization.create("customer_subscriptions", customer_email="ilse.forgetme@example.com", reference="Ilse")
    await organization.create(
        "attachments", {"attachable": to_one("customers", id_)}, name="blabla", description="of Ilse"
    )
    order = await organization.create("orders", linked, reference="of Ilse")
    await organization.patch("orders", order["id"], {"_place": True})
    return account_id, id_


async def left(database: Database, tenant_id: int) -> dict[str, list[str]]:
    """Which of the words are still in which table."""
    db = database.session()
    tables = await db.fetch(
        """
        select table_name from information_schema.columns
        where table_schema = 'public' and column_name = 'tenant_id' and table_name !~ '^visit_[0-9]'
        """
    )
    found: dict[str, list[str]] = {}
    for row in tables:
        text = await db.value(
            f"select lower(coalesce(string_agg(to_jsonb(t)::text, ' '), '')) from {row[0]} t where t.tenant_id = $1",
            tenant_id,
        )
        if words := [word for word in WORDS if word in text]:
            found[row[0]] = words
    return found


async def forget(database: Database, settings: Settings, **later: float) -> int:
    """Run the worker's job, some time later."""
    vault, passwords = Vault(settings.key), Passwords()
    secrets = Secrets(vault, Keyring(vault, "patron"), passwords, Revocations(database, lambda _subject: None))
    try:
        return await forget_due(database.session(), secrets, clock() + timedelta(**later))
    finally:
        passwords.close()


async def test_nothing_is_left_of_a_customer_who_was_forgotten(
    organization: Organization, database: Database, settings: Settings
) -> None:
    account_id, id_ = await known(organization)
    asked = await ask(organization, id_, _request_anonymization=True)
    assert asked["anonymization_status"] == "requested"
    assert asked["anonymization_info"]["requester"]["id"] == organization.integration
    await forget(database, settings, hours=23)
    assert (await organization.get(f"customers/{id_}")).json()["data"]["attributes"]["email"] is not None
    assert await left(database, organization.shop.tenant_id)

    assert await forget(database, settings, hours=25) >= 1

    assert await left(database, organization.shop.tenant_id) == {}
    attributes = (await organization.get(f"customers/{id_}")).json()["data"]["attributes"]
    assert attributes["email"] == f"anonymized-{account_id}@example.invalid"
    assert (attributes["anonymization_status"], attributes["total_orders_count"]) == ("completed", 1)
    assert (attributes["has_password"], attributes["metadata"]) == (False, {})
    refused = await organization.patch("customers", id_, {"_request_anonymization": True})
    assert refused.status_code == 422
    again = await organization.create("customers", email="ilse.forgetme@example.com")
    assert again["id"] != id_


async def test_imports_and_exports_know_nothing_more_of_who_was_forgotten(
    organization: Organization, database: Database, settings: Settings, secrets: Secrets
) -> None:
    _, id_ = await known(organization)
    rows = [
        {"email": "ilse.forgetme@example.com", "first_name": "Ilse"},
        {"email": "nobody", "metadata": {"friend": "ILSE.forgetme@example.com"}},
        {"external_id": "Ilse-1", "is_active": "perhaps"},
        {"email": "stays@example.com"},
        {"email": "ilse.forgetme@example.com", "first_name": 7, "password": "open-sesame-7"},
    ]
    over = await organization.create("imports", resource_type="customers", inputs=rows, skip_errors=True)
    exported = await organization.create("exports", resource_type="addresses")
    trade = Trade("patron.localhost")
    await work(database, secrets, clock, trade)
    assert (await organization.get(f"exports/{exported['id']}")).json()["data"]["attributes"]["attachment_url"]
    waiting = await organization.create("imports", resource_type="customers", inputs=rows, skip_errors=True)
    begun = await organization.create("exports", resource_type="orders")
    await ask(organization, id_, _request_anonymization=True)

    await forget(database, settings, hours=25)

    assert await left(database, organization.shop.tenant_id) == {}
    kept = await database.session().value(
        "select count(*) from export_part where tenant_id = $1", organization.shop.tenant_id
    )
    assert kept == 0
    shown = (await organization.get(f"exports/{exported['id']}")).json()["data"]["attributes"]
    assert (shown["status"], shown["attachment_url"]) == ("completed", None)
    await work(database, secrets, clock, trade)
    paths = [f"imports/{over['id']}", f"imports/{waiting['id']}", f"exports/{begun['id']}"]
    done = [(await organization.get(path)).json()["data"]["attributes"] for path in paths]
    assert [one["status"] for one in done] == ["completed"] * 3
    for one in done[:2]:
        assert one["inputs"] == [None, None, None, {"email": "stays@example.com"}, None]
    assert done[1]["processed_count"] == 1
    assert await left(database, organization.shop.tenant_id) == {}


async def test_it_can_be_taken_back_until_it_begins(
    organization: Organization, database: Database, settings: Settings
) -> None:
    made = await organization.create("customers", email="stays@example.com")
    none = await organization.patch("customers", made["id"], {"_cancel_anonymization": True})
    assert none.status_code == 422
    await ask(organization, made["id"], _request_anonymization=True)
    await ask(organization, made["id"], _request_anonymization=True)
    back = await ask(organization, made["id"], _cancel_anonymization=True)
    assert back["anonymization_status"] == "cancelled"
    assert back["anonymization_info"]["cancelled_at"].endswith(" UTC")
    await forget(database, settings, hours=48)
    assert (await organization.get(f"customers/{made['id']}")).json()["data"]["attributes"]["email"] == (
        "stays@example.com"
    )


async def test_sales_channels_may_not_ask(organization: Organization) -> None:
    guest = await organization.guest_token()
    made = await organization.create("customers", email="self@example.com", password="Secret-42-word", token=guest)
    token = (await organization.customer_ticket("self@example.com", "Secret-42-word"))["access_token"]
    refused = await organization.patch("customers", made["id"], {"_request_anonymization": True}, token=token)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


async def test_it_tells_which_user_asked(organization: Organization, database: Database) -> None:
    """An integration may ask by itself: then its client id is told."""
    webapp = await open_webapp(organization, database)
    token = (await webapp.ticket())["access_token"]
    made = await organization.create("customers", email="asked@example.com")
    for trigger, name in (("_request_anonymization", "requester"), ("_cancel_anonymization", "cancellation_requester")):
        answer = await organization.patch("customers", made["id"], {trigger: True}, token=token)
        assert answer.json()["data"]["attributes"]["anonymization_info"][name] == {
            "id": ids.shown(webapp.user_id), "first_name": "Kim", "last_name": "Lee", "email": webapp.email,
        }  # fmt: skip
    again = await ask(organization, made["id"], _request_anonymization=True)
    assert again["anonymization_info"]["requester"]["id"] == organization.integration
    assert "cancellation_requester" not in again["anonymization_info"]
