"""The log of changes, by resource and by entry; and events that are found from what they happened to."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from organizations import Organization, open_organization, to_one
from patron.jsonapi import ids
from patron.kernel.db import Database
from patron.webhooks import history
from shops import open_shop
from statements import Counting, Watch
from webapps import open_webapp

PASSWORD = "Secret-42-word"
HOME = {
    "first_name": "Jo", "last_name": "Doe", "line_1": "1 Main Street", "city": "New York", "zip_code": "10001",
    "state_code": "NY", "country_code": "US", "phone": "+12125550100",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def organization(http: httpx.AsyncClient, database: Database) -> AsyncIterator[Organization]:
    yield await open_organization(await open_shop(http, database), database)


async def log(organization: Organization, path: str, **rest: Any) -> list[Any]:
    answer = await organization.get(f"{path}/event_stores", **rest)
    assert answer.status_code == 200, answer.text
    return [one["attributes"] for one in answer.json()["data"]]


async def test_a_customer_s_log_says_what_was_changed_and_by_whom(organization: Organization) -> None:
    made = await organization.create("customers", email="jo@example.com", password=PASSWORD, reference="A-1")
    ticket = await organization.customer_ticket("jo@example.com", PASSWORD)
    mine = await organization.patch("customers", made["id"], {"profile_id": "mine"}, token=ticket["access_token"])
    assert mine.status_code == 200
    await organization.patch("customers", made["id"], {"reference": "A-2", "tax_exemption_code": "T"})
    entries = await log(organization, f"customers/{made['id']}")
    assert {(one["resource_type"], one["resource_id"]) for one in entries} == {("customers", made["id"])}
    assert (entries[0]["event"], entries[0]["payload"]["email"]["to"]) == ("create", "jo@example.com")
    assert entries[0]["payload"]["reference"] == {"from": None, "to": "A-1"}
    own = next(one for one in entries if "profile_id" in one["payload"])
    assert own["who"]["owner"] == {
        "id": made["id"], "type": "Customer", "email": "jo@example.com", "first_name": None, "last_name": None,
    }  # fmt: skip
    assert (own["who"]["application"]["kind"], own["who"]["application"]["public"]) == ("sales_channel", True)
    last = entries[-1]
    assert (last["event"], last["payload"]["tax_exemption_code"]) == ("update", {"from": None, "to": "T"})
    assert last["payload"]["reference"] == {"from": "A-1", "to": "A-2"}
    assert (last["who"]["application"]["client_id"], last["who"]["owner"]) == (organization.integration, None)
    assert "Secret" not in str(entries)


async def test_the_log_is_read_by_cursor_and_not_counted(organization: Organization) -> None:
    made = await organization.create("tags", name="log0")
    for n in range(1, 4):
        await organization.patch("tags", made["id"], {"name": f"log{n}"})
    path, seen = f"tags/{made['id']}/event_stores?page[size]=3", []
    for _ in range(2):
        answer = (await organization.get(path)).json()
        assert "meta" not in answer
        assert set(answer["links"]) <= {"next"}
        seen += [one["attributes"]["payload"]["name"]["to"] for one in answer["data"]]
        path = answer["links"].get("next", "").partition("/api/")[2]
    assert (seen, path) == (["log0", "log1", "log2", "log3"], "")
    newest = await organization.get(f"tags/{made['id']}/event_stores?sort=-created_at&page[size]=1")
    assert newest.json()["data"][0]["attributes"]["payload"] == {"name": {"from": "log2", "to": "log3"}}


@pytest.mark.parametrize(
    "query", ["page[number]=2", "page[after]=x", "filter[event]=create", "filter[q][payload_jcont]={}", "sort=event",
              "include=who"],
)  # fmt: skip
async def test_what_cannot_be_asked_of_the_log(organization: Organization, query: str) -> None:
    made = await organization.create("customers", email=f"asked-{abs(hash(query))}@example.com")
    answer = await organization.get(f"customers/{made['id']}/event_stores?{query}")
    assert answer.status_code == 400, answer.text


async def test_the_log_comes_along_with_nothing(organization: Organization) -> None:
    made = await organization.create("tags", name="alone")
    answer = await organization.get(f"tags/{made['id']}?include=event_stores")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_INCLUDE")
    assert (await organization.get("event_stores")).status_code == 404


async def test_an_entry_is_found_by_its_id(organization: Organization) -> None:
    made = await organization.create("customers", email="entry@example.com")
    entry = (await organization.get(f"customers/{made['id']}/event_stores")).json()["data"][0]
    same = await organization.get(f"event_stores/{entry['id']}")
    assert same.json()["data"] == entry
    assert entry["links"]["self"].endswith(f"/api/event_stores/{entry['id']}")
    assert (await organization.get(f"event_stores/{ids.shown(2**50)}")).status_code == 404
    assert (await organization.get("event_stores/1700000000000-0")).status_code == 404


async def test_sales_channels_read_no_log(organization: Organization) -> None:
    made = await organization.create("customers", email="own@example.com", password=PASSWORD)
    entry = (await organization.get(f"customers/{made['id']}/event_stores")).json()["data"][0]
    token = (await organization.customer_ticket("own@example.com", PASSWORD))["access_token"]
    for path in (f"customers/{made['id']}/event_stores", f"event_stores/{entry['id']}"):
        answer = await organization.get(path, token=token)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


async def test_every_kind_of_resource_has_its_own_log(organization: Organization) -> None:
    customer = await organization.create("customers", email="kinds@example.com", password=PASSWORD)
    whose = {"customer": to_one("customers", customer["id"])}
    address = await organization.create("addresses", **HOME)
    placed = {**whose, "address": to_one("addresses", address["id"])}
    order = await organization.create("orders", whose, total_amount_cents=100)
    order_link = {"order": to_one("orders", order["id"])}
    await organization.patch("orders", order["id"], {"total_amount_cents": 200, "gift_card_code": "GIFT-1"})
    await organization.patch("orders", order["id"], {"_place": True})
    group = await organization.create("customer_groups", name="Friends")
    payment = await organization.create("external_payments", order_link, payment_source_token="tok")
    market = await organization.create("markets", {"customer_group": to_one("customer_groups", group["id"])}, name="M")
    made = {
        "addresses": address,
        "customer_addresses": await organization.create("customer_addresses", placed),
        "customer_groups": group,
        "customer_subscriptions": await organization.create(
            "customer_subscriptions", customer_email="kinds@example.com", reference="news"
        ),
        "customer_password_resets": await organization.create(
            "customer_password_resets", customer_email="kinds@example.com"
        ),
        "customer_payment_sources": await organization.create(
            "customer_payment_sources", {**whose, "payment_source": to_one("external_payments", payment["id"])}
        ),
        "external_payments": payment,
        "orders": order,
        "order_subscriptions": await organization.create(
            "order_subscriptions", {"source_order": to_one("orders", order["id"])}, frequency="weekly"
        ),
        "returns": await organization.create("returns", order_link),
        "sku_lists": await organization.create("sku_lists", name="Wishes"),
        "attachments": await organization.create(
            "attachments", {"attachable": to_one("orders", order["id"])}, name="N"
        ),
        "webhooks": await organization.create("webhooks", topic="orders.place", callback_url="https://127.0.0.1:9/"),
        "markets": market,
        "stores": await organization.create("stores", {"market": to_one("markets", market["id"])}, name="Corner"),
    }
    for type_, one in made.items():
        entries = await log(organization, f"{type_}/{one['id']}")
        assert entries[0]["event"] == "create", type_
        assert {(entry["resource_type"], entry["resource_id"]) for entry in entries} == {(type_, one["id"])}, type_
    told = (await log(organization, f"markets/{market['id']}"))[0]["payload"]
    assert told["customer_group"] == {"from": None, "to": group["id"]}
    told = {
        name: change
        for one in await log(organization, f"orders/{order['id']}")
        for name, change in one["payload"].items()
    }
    assert told["status"] == {"from": "pending", "to": "placed"}
    assert told["total_amount_cents"] == {"from": 100, "to": 200}
    assert "GIFT" not in str(told)
    assert told["payment_source"] == {"from": None, "to": payment["id"]}
    assert await log(organization, f"organization/{ids.shown(organization.shop.tenant_id)}") == []


async def test_a_user_of_the_organization_stands_in_the_log(organization: Organization, database: Database) -> None:
    webapp = await open_webapp(organization, database)
    token = (await webapp.ticket())["access_token"]
    made = await organization.create("tags", name="by-kim", token=token)
    who = (await log(organization, f"tags/{made['id']}", token=token))[0]["who"]
    user = {"id": ids.shown(webapp.user_id), "type": "User", "email": webapp.email}
    assert who["owner"] == {**user, "first_name": "Kim", "last_name": "Lee"}
    assert (who["application"]["kind"], who["worker"]) == ("webapp", None)


async def test_members_and_rules_are_no_changes_of_a_group(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Quiet")
    await organization.create(
        "customers", {"customer_group": to_one("customer_groups", group["id"])}, email="m@example.com"
    )
    assert [one["event"] for one in await log(organization, f"customer_groups/{group['id']}")] == ["create"]


@pytest.mark.parametrize("type_", ["orders", "customer_addresses", "customer_subscriptions"])
async def test_events_are_found_from_their_subject(organization: Organization, type_: str) -> None:
    email = f"{type_}@example.com"
    customer = await organization.create("customers", email=email)
    whose = {"customer": to_one("customers", customer["id"])}
    if type_ == "orders":
        made, name = await organization.create("orders"), "orders.create"  # a customer would make it pending
    elif type_ == "customer_addresses":
        address = await organization.create("addresses", **HOME)
        made = await organization.create(type_, {**whose, "address": to_one("addresses", address["id"])})
        name = "customer_addresses.create"
    else:
        made = await organization.create(type_, customer_email=email, reference="news")
        name = "customer_subscriptions.create"
    (event,) = (await organization.get(f"{type_}/{made['id']}/events")).json()["data"]
    assert event["attributes"]["name"] == name
    whole = (await organization.get(f"{type_}/{made['id']}?include=events")).json()
    assert whole["data"]["relationships"]["events"]["data"] == [{"type": "events", "id": event["id"]}]
    for asked in (f"filter[events_id]={event['id']}", f"filter[q][events_id_eq]={event['id']}"):
        found = await organization.get(f"{type_}?{asked}")
        assert [one["id"] for one in found.json()["data"]] == [made["id"]]
    assert (await organization.get(f"{type_}?filter[q][events_name_eq]={name}&filter[ids]={made['id']}")).json()["data"]


async def test_a_log_costs_the_same_whatever_is_in_it(organization: Organization, statements: Watch) -> None:
    made = await organization.create("tags", name="counted")

    async def cost() -> int:
        with Counting(statements) as counted:
            await log(organization, f"tags/{made['id']}")
        return len(counted.heard)

    before = await cost()
    for n in range(5):
        await organization.patch("tags", made["id"], {"name": f"counted{n}"})
    assert await cost() == before


async def test_what_an_event_is_about_leads_to_it_by_an_index(database_url: str) -> None:
    """That is so only as long as the words of the query are those of the index."""
    listing = history.of("orders")
    assert listing is not None
    connection = await asyncpg.connect(database_url)
    try:
        # An empty table with the same indexes: what other tests wrote must not make another index look better.
        await connection.execute("create temp table event (like public.event including indexes)")
        await connection.execute("set enable_seqscan = off")
        sql = f"explain select e.id from event e where {listing.where} and {listing.fields['owner'].sql} = $2"
        plan = await connection.fetch(sql, 1, 7)
    finally:
        await connection.close()
    assert any("Index Cond" in row[0] and "split_part" in row[0] for row in plan), plan
