"""Markets and stores: sites as the second dialect makes them, what scopes open, and where orders are sold."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from organizations import Organization, open_organization, to_one
from patron.jsonapi import ids
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.tenants import actions as tenants
from shops import open_shop

PASSWORD = "Secret-42-word"


@pytest_asyncio.fixture(scope="module")
async def organization(http: httpx.AsyncClient, database: Database) -> AsyncIterator[Organization]:
    yield await open_organization(await open_shop(http, database), database)


def error(answer: httpx.Response) -> tuple[int, str | None]:
    first = answer.json()["errors"][0]
    return answer.status_code, first.get("source", {}).get("pointer") or first["code"]


async def token(organization: Organization, scope: str, **more: Any) -> httpx.Response:
    grant = {"grant_type": "client_credentials", "client_id": organization.channel, **more}
    return await organization.ask_token(scope=scope, **grant)


async def opened(organization: Organization, scope: str, **more: Any) -> str:
    answer = await token(organization, scope, **more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def test_a_market_is_a_site_like_the_first_one(organization: Organization) -> None:
    made = await organization.create(
        "markets", name="Asia", code="asia-1", checkout_url="https://shop.test/:id", shipping_cost_cutoff=3,
        external_includes=["order.returns"], metadata={"a": 1},
    )  # fmt: skip
    shown = made["attributes"]
    assert (shown["name"], shown["code"], shown["private"], shown["disabled_at"]) == ("Asia", "asia-1", False, None)
    assert (shown["checkout_url"], shown["shipping_cost_cutoff"]) == ("https://shop.test/:id", 3)
    assert (shown["external_includes"], shown["metadata"]) == (["order.returns"], {"a": 1})
    assert shown["number"] == ids.read(made["id"])
    sites = await organization.shop.get("/api/commerce/customer/customerSets")
    assert any(one["siteId"] == shown["number"] for one in sites.json()["items"][0]["sites"])
    changed = await organization.patch("markets", made["id"], {"checkout_url": None, "name": "Asia & Pacific"})
    assert changed.json()["data"]["attributes"]["checkout_url"] is None
    assert changed.json()["data"]["attributes"]["shipping_cost_cutoff"] == 3
    assert (await organization.call("DELETE", f"markets/{made['id']}")).status_code == 204
    assert (await organization.get(f"markets/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("attributes", "links", "where"),
    [
        ({}, {}, "/data/attributes/name"),
        ({"name": "x" * 201}, {}, "/data/attributes/name"),
        ({"name": "A", "code": "no spaces"}, {}, "/data/attributes/code"),
        ({"name": "A", "code": "Europe"}, {}, "/data/attributes/code"),
        ({"name": "A", "checkout_url": "x" * 2_001}, {}, "/data/attributes/checkout_url"),
        ({"name": "A", "shipping_cost_cutoff": "3"}, {}, "/data/attributes/shipping_cost_cutoff"),
        ({"name": "A"}, {"customer_group": ("customer_groups", "kWjzbLyVHx")}, "/data/relationships/customer_group"),
        ({"name": "A"}, {"merchant": ("merchants", "kWjzbLyVHx")}, "/data/relationships/merchant"),
    ],
)
async def test_what_no_market_can_be(
    organization: Organization, attributes: dict[str, Any], links: dict[str, tuple[str, str]], where: str
) -> None:
    sent = {name: to_one(*target) for name, target in links.items()}
    body = {"data": {"type": "markets", "attributes": attributes, "relationships": sent}}
    assert error(await organization.call("POST", "markets", body)) == (422, where)


async def test_a_market_with_a_group_is_private_at_once(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Insiders")
    market = await organization.create("markets", name="Inside", code="inside")
    assert (await token(organization, "market:code:inside")).status_code == 200
    guest = await opened(organization, "market:code:inside")
    assert (await organization.get(f"markets/{market['id']}", token=guest)).status_code == 200
    linked = {"customer_group": to_one("customer_groups", group["id"])}
    changed = await organization.patch("markets", market["id"], relationships=linked)
    assert changed.json()["data"]["attributes"]["private"] is True
    refused = await organization.get(f"markets/{market['id']}", token=guest)
    assert error(refused) == (401, "UNAUTHORIZED")
    assert (await token(organization, "market:code:inside")).status_code == 400

    email = "insider@example.com"
    await organization.create("customers", linked, email=email, password=PASSWORD)
    person = {"grant_type": "password", "username": email, "password": PASSWORD}
    ticket = (await token(organization, "market:code:inside", **person)).json()
    inside = await organization.get(f"markets/{market['id']}", token=ticket["access_token"])
    assert inside.status_code == 200
    markets = await organization.get(f"customer_groups/{group['id']}/markets")
    assert [one["id"] for one in markets.json()["data"]] == [market["id"]]
    locked = await organization.call("DELETE", f"customer_groups/{group['id']}")
    assert error(locked) == (423, "LOCKED")

    other = await organization.create("customer_groups", name="Others")
    await organization.patch(
        "markets", market["id"], relationships={"customer_group": to_one("customer_groups", other["id"])}
    )
    refresh = {"grant_type": "refresh_token", "refresh_token": ticket["refresh_token"]}
    assert (await token(organization, "market:code:inside", **refresh)).status_code == 400
    await organization.patch("markets", market["id"], relationships={"customer_group": to_one("customer_groups", None)})
    assert (await token(organization, "market:code:inside", **refresh)).status_code == 200


async def test_a_disabled_market_opens_for_no_shopper(organization: Organization) -> None:
    market = await organization.create("markets", name="Closed", code="closed", _disable=True)
    assert market["attributes"]["disabled_at"] is not None
    assert (await token(organization, "market:code:closed")).status_code == 400
    enabled = await organization.patch("markets", market["id"], {"_enable": True})
    assert enabled.json()["data"]["attributes"]["disabled_at"] is None
    guest = await opened(organization, "market:code:closed")
    assert (await organization.get("markets", token=guest)).json()["meta"]["record_count"] == 1
    assert (await organization.patch("markets", market["id"], {"_disable": True})).status_code == 200
    assert error(await organization.get("organization", token=guest)) == (401, "UNAUTHORIZED")
    found = await organization.get("markets?filter[q][disabled_at_null]=false&sort=-disabled_at")
    assert [one["id"] for one in found.json()["data"]] == [market["id"]]


async def test_sales_channels_see_the_markets_of_their_token(organization: Organization) -> None:
    market = await organization.create("markets", name="Other", code="other")
    store = await organization.create("stores", {"market": to_one("markets", market["id"])}, name="Far", code="far")
    guest = await organization.guest_token()
    listed = await organization.get("markets", token=guest)
    assert [one["attributes"]["code"] for one in listed.json()["data"]] == ["europe"]
    for path in (f"markets/{market['id']}", f"stores/{store['id']}"):
        assert error(await organization.get(path, token=guest)) == (404, "RECORD_NOT_FOUND")
    assert (await organization.get("stores", token=guest)).json()["data"] == []
    order = {"data": {"type": "orders", "attributes": {}, "relationships": {"market": to_one("markets", market["id"])}}}
    refused = await organization.call("POST", "orders", order, token=guest)
    assert error(refused) == (422, "/data/relationships/market")
    for method, path in (
        ("POST", "markets"),
        ("PATCH", f"markets/{market['id']}"),
        ("DELETE", f"stores/{store['id']}"),
    ):
        body = (
            None
            if method == "DELETE"
            else {"data": {"type": "markets", "attributes": {"name": "x"}, "id": market["id"]}}
        )
        assert error(await organization.call(method, path, body, token=guest))[0] == 401


async def test_a_market_stays_while_anything_names_it(organization: Organization, database: Database) -> None:
    market = await organization.create("markets", name="Named", code="named")
    sold = {"market": to_one("markets", market["id"])}
    store = await organization.create("stores", sold, name="Here")
    note = await organization.create("attachments", {"attachable": to_one("markets", market["id"])}, name="Note")
    assert error(await organization.call("DELETE", f"markets/{market['id']}")) == (423, "LOCKED")
    assert (await organization.call("DELETE", f"stores/{store['id']}")).status_code == 204
    order = await organization.create("orders", sold)
    assert error(await organization.call("DELETE", f"markets/{market['id']}")) == (423, "LOCKED")
    assert (await organization.call("DELETE", f"orders/{order['id']}")).status_code == 204
    assert (await organization.call("DELETE", f"markets/{market['id']}")).status_code == 204
    assert (await organization.get(f"attachments/{note['id']}")).status_code == 404


async def test_the_last_market_stays(http: httpx.AsyncClient, database: Database) -> None:
    alone = await open_organization(await open_shop(http, database), database)
    await tenants.create_customer_set(database.session(), alone.shop.tenant_id, code="trade", name="Trade", now=clock())
    site = await tenants.create_site(
        database.session(), alone.shop.tenant_id, name="Trade", customer_set="trade", now=clock()
    )
    (market,) = (await alone.get("markets")).json()["data"]
    assert error(await alone.call("DELETE", f"markets/{market['id']}")) == (423, "LOCKED")
    # A site of another customer set is none of the organization's markets.
    assert (await alone.get(f"markets/{ids.shown(site)}")).status_code == 404
    linked = {"market": to_one("markets", ids.shown(site))}
    body = {"data": {"type": "orders", "attributes": {}, "relationships": linked}}
    assert error(await alone.call("POST", "orders", body)) == (422, "/data/relationships/market")


async def test_the_scope_of_a_store_opens_its_market(organization: Organization) -> None:
    market = await organization.create("markets", name="Italy", code="italy")
    linked = {"market": to_one("markets", market["id"])}
    store = await organization.create("stores", linked, name="Rome", code="Rome")
    for scope in (f"store:id:{store['id']}", "store:code:Rome", "store:code:Rome market:code:italy"):
        guest = await opened(organization, scope)
        assert [one["id"] for one in (await organization.get("markets", token=guest)).json()["data"]] == [market["id"]]
    for scope in ("store:code:rome", "store:code:unknown", f"store:id:{market['id']}x", "stock_location:code:Rome"):
        assert (await token(organization, scope)).status_code == 400
    taken = {"data": {"type": "stores", "attributes": {"name": "Again", "code": "ROME"}, "relationships": linked}}
    assert error(await organization.call("POST", "stores", taken)) == (422, "/data/attributes/code")
    nowhere = {"data": {"type": "stores", "attributes": {"name": "Nowhere"}}}
    assert error(await organization.call("POST", "stores", nowhere)) == (422, "/data/relationships/market")


async def test_an_order_is_sold_in_a_market_and_its_store(organization: Organization) -> None:
    europe = (await organization.get("markets?filter[code]=europe")).json()["data"][0]["id"]
    spain = await organization.create("markets", name="Spain", code="spain")
    market = to_one("markets", spain["id"])
    store = await organization.create("stores", {"market": market}, name="Madrid")
    order = await organization.create("orders", {"store": to_one("stores", store["id"])})
    whole = (await organization.get(f"orders/{order['id']}?include=market,store.market")).json()["data"]
    assert whole["relationships"]["market"]["data"]["id"] == spain["id"]
    assert whole["relationships"]["store"]["data"]["id"] == store["id"]
    apart = await organization.patch("orders", order["id"], relationships={"market": to_one("markets", europe)})
    assert error(apart) == (422, "/data/relationships/store")
    both = {"market": to_one("markets", europe), "store": to_one("stores", None)}
    assert (await organization.patch("orders", order["id"], relationships=both)).status_code == 200
    nowhere = await organization.patch("orders", order["id"], relationships={"market": to_one("markets", None)})
    assert error(nowhere) == (422, "/data/relationships/market")
    found = await organization.get(f"orders?filter[market_id]={europe}&filter[q][market_code_eq]=europe")
    assert order["id"] in [one["id"] for one in found.json()["data"]]
    await organization.patch("orders", order["id"], {"customer_email": "buyer@example.com"})
    assert (await organization.patch("orders", order["id"], {"_place": True})).status_code == 200
    late = await organization.patch("orders", order["id"], relationships={"market": market})
    assert error(late) == (422, "/data/relationships/market")

    linked = {"source_order": to_one("orders", order["id"])}
    plain = await organization.create("order_subscriptions", linked, frequency="weekly")
    elsewhere = await organization.create("order_subscriptions", {**linked, "market": market}, frequency="weekly")
    for one, expected in ((plain, europe), (elsewhere, spain["id"])):
        behind = await organization.get(f"order_subscriptions/{one['id']}/market")
        assert behind.json()["data"]["id"] == expected


async def test_an_integration_with_a_scope_sells_in_its_markets(organization: Organization) -> None:
    away = await organization.create("markets", name="Away", code="away")
    answer = await organization.ask_token(
        grant_type="client_credentials", client_id=organization.integration, client_secret=organization.secret,
        scope=organization.scope,
    )  # fmt: skip
    bound = answer.json()["access_token"]
    body = {"data": {"type": "orders", "attributes": {}, "relationships": {"market": to_one("markets", away["id"])}}}
    assert error(await organization.call("POST", "orders", body, token=bound)) == (422, "/data/relationships/market")
    assert (await organization.call("POST", "orders", body)).status_code == 201


async def test_a_store_with_orders_stays_where_it_is(organization: Organization) -> None:
    first, second = [await organization.create("markets", name=f"M{n}", code=f"m{n}") for n in (1, 2)]
    store = await organization.create("stores", {"market": to_one("markets", first["id"])}, name="Corner")
    await organization.create("orders", {"store": to_one("stores", store["id"])})
    moved = await organization.patch("stores", store["id"], relationships={"market": to_one("markets", second["id"])})
    assert error(moved) == (422, "/data/relationships/market")
    assert error(await organization.call("DELETE", f"stores/{store['id']}")) == (423, "LOCKED")
    listed = await organization.get(f"stores/{store['id']}/orders?include=store")
    assert len(listed.json()["data"]) == 1
    stale = await organization.patch("stores", store["id"], {"name": "New"}, if_match='"7"')
    assert error(stale) == (412, "PRECONDITION_FAILED")


async def test_a_customer_s_token_is_told_with_their_record(organization: Organization) -> None:
    made = await organization.create("customers", email="jo@example.com", password=PASSWORD)
    ticket = await organization.customer_ticket("jo@example.com", PASSWORD)
    plain = (await organization.get(f"customers/{made['id']}")).json()["data"]
    assert not [name for part in ("attributes", "relationships") for name in plain[part] if name.startswith("jwt_")]
    asked = "jwt_customer,jwt_markets,jwt_stock_locations"
    own = await organization.get(f"customers/{made['id']}?include={asked}", token=ticket["access_token"])
    links = own.json()["data"]["relationships"]
    assert links["jwt_customer"]["data"] == {"type": "customers", "id": made["id"]}
    assert [one["type"] for one in links["jwt_markets"]["data"]] == ["markets"]
    assert links["jwt_stock_locations"]["data"] == []
    markets = await organization.get(f"customers/{made['id']}/jwt_markets", token=ticket["access_token"])
    assert [one["attributes"]["code"] for one in markets.json()["data"]] == ["europe"]
    behind = await organization.get(f"customers/{made['id']}/jwt_customer")
    assert behind.json()["data"] is None
    fields = await organization.get(f"customers/{made['id']}?fields[customers]=email,jwt_custom_claim,jwt_customer")
    assert fields.json()["data"]["attributes"] == {"email": "jo@example.com", "jwt_custom_claim": None}
    assert list(fields.json()["data"]["relationships"]) == ["jwt_customer"]
