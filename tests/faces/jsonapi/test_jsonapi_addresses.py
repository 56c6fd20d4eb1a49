"""Addresses and customer addresses through this face."""

from typing import Any

from organizations import Organization, document, to_one
from shops import ACCOUNTS

HOME = {
    "first_name": "John",
    "last_name": "Smith",
    "line_1": "2883 Geraldine Lane",
    "line_2": "Apt.23",
    "city": "New York",
    "zip_code": "10013",
    "state_code": "NY",
    "country_code": "US",
    "phone": "(212) 646-338-1228",
}
SHOWN = "2883 Geraldine Lane Apt.23, 10013 New York NY (US) (212) 646-338-1228"


async def _customer(organization: Organization, email: str = "john@example.com") -> Any:
    return await organization.create("customers", email=email)


def _links(customer: Any, address: Any) -> dict[str, Any]:
    return {"customer": to_one("customers", customer["id"]), "address": to_one("addresses", address["id"])}


async def _pointers(organization: Organization, attributes: dict[str, Any]) -> dict[str, str]:
    answer = await organization.call("POST", "addresses", document("addresses", attributes))
    assert answer.status_code == 422, answer.text
    return {one["source"]["pointer"].rsplit("/", 1)[1]: one["meta"]["error"] for one in answer.json()["errors"]}


async def test_an_address_stands_alone(organization: Organization) -> None:
    made = await organization.create("addresses", **HOME, lat=40.6971494, lng=-74.2598672, metadata={"floor": 2})
    shown = made["attributes"]
    assert {name: shown[name] for name in HOME} == HOME
    assert shown["full_name"] == "John Smith"
    assert shown["full_address"] == SHOWN
    assert shown["name"] == f"John Smith, {SHOWN}"
    assert (shown["business"], shown["metadata"]) == (False, {"floor": 2})
    assert (shown["lat"], shown["lng"], shown["is_localized"]) == (40.6971494, -74.2598672, True)
    assert shown["map_url"] == "https://www.google.com/maps/search/?api=1&query=40.6971494,-74.2598672"
    assert (shown["is_geocoded"], shown["provider_name"], shown["static_map_url"]) == (False, None, None)

    changed = await organization.patch("addresses", made["id"], {"city": "Boston", "notes": "Ring twice", "lng": None})
    assert changed.status_code == 200, changed.text
    after = changed.json()["data"]["attributes"]
    assert (after["city"], after["notes"], after["line_1"]) == ("Boston", "Ring twice", HOME["line_1"])
    assert (after["is_localized"], after["map_url"]) == (False, None)

    stale = await organization.patch("addresses", made["id"], {"city": "Rome"}, if_match='"1"')
    assert (stale.status_code, stale.json()["errors"][0]["code"]) == (412, "PRECONDITION_FAILED")
    assert (await organization.call("DELETE", f"addresses/{made['id']}")).status_code == 204
    assert (await organization.get(f"addresses/{made['id']}")).status_code == 404


async def test_what_an_address_must_have(organization: Organization) -> None:
    missing = dict.fromkeys(("first_name", "last_name", "line_1", "city", "country_code", "phone"), "blank")
    assert await _pointers(organization, {}) == missing
    assert await _pointers(organization, HOME | {"business": True}) == {"company": "blank"}
    assert await _pointers(organization, HOME | {"zip_code": " "}) == {"zip_code": "blank"}
    assert await _pointers(organization, HOME | {"country_code": "XX"}) == {"country_code": "inclusion"}
    assert await _pointers(organization, HOME | {"email": "nobody"}) == {"email": "invalid"}
    assert await _pointers(organization, HOME | {"lat": 91, "lng": -181}) == {"lat": "inclusion", "lng": "inclusion"}
    assert await _pointers(organization, HOME | {"city": "x" * 101}) == {"city": "too_long"}
    card = {"notes": "Pay with 4111 1111 1111 1111", "billing_info": "4111111111111111", "line_2": "4111111111111111"}
    assert (await _pointers(organization, HOME | card)).keys() == card.keys()
    assert (await _pointers(organization, HOME | {"first_name": 7})) == {"first_name": "invalid"}

    firm = {**HOME, "business": True, "company": "The Red Brand Inc.", "first_name": None, "last_name": None}
    made = await organization.create("addresses", **firm)
    assert made["attributes"]["full_name"] == "The Red Brand Inc."
    hong_kong = {**HOME, "country_code": "hk", "zip_code": None, "state_code": None, "city": "Kowloon"}
    assert (await organization.create("addresses", **hong_kong))["attributes"]["country_code"] == "HK"

    for wrong in ({"city": ""}, {"first_name": None, "business": False}, {"phone": " "}, {"zip_code": None}):
        refused = await organization.patch("addresses", made["id"], wrong)
        assert refused.status_code == 422, wrong
    kept = await organization.get(f"addresses/{made['id']}")
    assert kept.json()["data"]["attributes"] == made["attributes"]


async def test_a_customer_address_is_made_and_removed_and_the_address_stays(organization: Organization) -> None:
    customer, address = await _customer(organization), await organization.create("addresses", **HOME)
    made = await organization.create("customer_addresses", _links(customer, address), reference="BOOK-1")
    assert made["attributes"]["name"] == f"John Smith, {SHOWN}"
    assert (made["attributes"]["customer_email"], made["attributes"]["reference"]) == ("john@example.com", "BOOK-1")

    listed = await organization.get(
        f"customers/{customer['id']}/customer_addresses?include=address&sort=-created_at&page[size]=25"
    )
    assert [one["id"] for one in listed.json()["data"]] == [made["id"]]
    assert [one["attributes"]["city"] for one in listed.json()["included"]] == ["New York"]
    whole = await organization.get(f"customers/{customer['id']}?include=customer_addresses.address")
    assert {one["type"] for one in whole.json()["included"]} == {"customer_addresses", "addresses"}

    used = await organization.call("DELETE", f"addresses/{address['id']}")
    assert (used.status_code, used.json()["errors"][0]["code"]) == (423, "LOCKED")
    assert (await organization.patch("addresses", address["id"], {"first_name": "Jack"})).status_code == 200
    assert (await organization.call("DELETE", f"customer_addresses/{made['id']}")).status_code == 204
    alone = await organization.get(f"addresses/{address['id']}")
    assert alone.json()["data"]["attributes"]["name"] == f"Jack Smith, {SHOWN}"
    assert (await organization.get(f"customers/{customer['id']}/customer_addresses")).json()["data"] == []
    assert (await organization.call("DELETE", f"addresses/{address['id']}")).status_code == 204


async def test_who_has_the_customer_address(organization: Organization) -> None:
    customer, address = await _customer(organization), await organization.create("addresses", **HOME)
    to_address = {"address": to_one("addresses", address["id"])}
    by_email = await organization.create("customer_addresses", to_address, customer_email=" JOHN@example.com ")
    assert by_email["attributes"]["customer_email"] == "john@example.com"

    async def refused(links: Any, pointer: str, **attributes: Any) -> None:
        answer = await organization.call(
            "POST", "customer_addresses", document("customer_addresses", attributes, links)
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["source"] == {"pointer": f"/data/{pointer}"}

    strange = to_one("customers", "unknownunknown")
    await refused(to_address, "attributes/customer_email", customer_email="nobody@example.com")
    await refused({**to_address, "customer": strange}, "relationships/customer")
    await refused(to_address, "relationships/customer")
    await refused({"customer": to_one("customers", customer["id"])}, "relationships/address")
    await refused(
        {**_links(customer, address), "address": to_one("addresses", customer["id"])}, "relationships/address"
    )


async def test_an_address_in_a_book_is_copied_for_another(organization: Organization) -> None:
    one, other = await _customer(organization), await _customer(organization, "other@example.com")
    address = await organization.create("addresses", **HOME, reference="ERP-7")
    first = await organization.create("customer_addresses", _links(one, address))
    second = await organization.create("customer_addresses", _links(other, address))

    found = (await organization.get(f"customer_addresses/{second['id']}/address")).json()["data"]
    assert found["id"] != address["id"]
    assert (found["attributes"]["name"], found["attributes"]["reference"]) == (f"John Smith, {SHOWN}", None)
    await organization.patch("addresses", found["id"], {"city": "Boston"})
    kept = (await organization.get(f"customer_addresses/{first['id']}/address")).json()["data"]
    assert (kept["id"], kept["attributes"]["city"]) == (address["id"], "New York")


async def test_customer_and_address_are_replaced(organization: Organization) -> None:
    one, other = await _customer(organization), await _customer(organization, "other@example.com")
    home, office = [await organization.create("addresses", **HOME, notes=word) for word in ("home", "office")]
    made = await organization.create("customer_addresses", _links(one, home))

    moved = await organization.patch("customer_addresses", made["id"], {}, _links(other, office))
    assert moved.status_code == 200, moved.text
    assert moved.json()["data"]["attributes"]["customer_email"] == "other@example.com"
    found = await organization.get(f"customer_addresses/{made['id']}?include=address,customer")
    assert {shown["id"] for shown in found.json()["included"]} == {office["id"], other["id"]}
    assert (await organization.get(f"addresses/{home['id']}")).json()["data"]["attributes"]["first_name"] == "John"

    named = await organization.patch("customer_addresses", made["id"], {"reference": "B", "metadata": {"a": 1}})
    assert named.json()["data"]["attributes"]["metadata"] == {"a": 1}
    unset = await organization.patch("customer_addresses", made["id"], {}, {"address": to_one("", None)})
    assert unset.status_code == 422
    stale = await organization.patch("customer_addresses", made["id"], {"reference": "C"}, if_match='"1"')
    assert stale.status_code == 412


async def test_filters_reach_across(organization: Organization) -> None:
    customer, address = await _customer(organization), await organization.create("addresses", **HOME, lat=40.5)
    abroad = await organization.create("addresses", **{**HOME, "country_code": "IT", "first_name": "Anna"})
    made = await organization.create("customer_addresses", _links(customer, address))
    await organization.create("customer_addresses", _links(customer, abroad))

    for query in (
        "filter[country_code]=US",
        f"filter[address_id]={address['id']}",
        "filter[q][address_first_name_eq]=John",
        "filter[q][address_country_code_eq]=US&filter[q][customer_email_eq]=john@example.com",
    ):
        found = await organization.get(f"customer_addresses?{query}")
        assert [one["id"] for one in found.json()["data"]] == [made["id"]], query
    for query in ("filter[q][first_name_or_city_matches]=jo%25", "filter[q][lat_gt]=40.4", "filter[country_code]=US"):
        found = await organization.get(f"addresses?{query}")
        assert [one["id"] for one in found.json()["data"]] == [address["id"]], query
    ordered = await organization.get("addresses?sort=-country_code&fields[addresses]=country_code")
    assert [one["attributes"]["country_code"] for one in ordered.json()["data"]] == ["US", "IT"]


async def test_tags_of_an_address(organization: Organization) -> None:
    tag = await organization.create("tags", name="warehouse")
    address = await organization.create("addresses", {"tags": {"data": [{"type": "tags", "id": tag["id"]}]}}, **HOME)
    found = await organization.get("addresses?filter[q][tags_name_eq]=warehouse&include=tags")
    assert [one["id"] for one in found.json()["data"]] == [address["id"]]
    assert [one["id"] for one in found.json()["included"]] == [tag["id"]]
    assert (await organization.patch("addresses", address["id"], {"_remove_tags": "warehouse"})).status_code == 200
    assert (await organization.get(f"addresses/{address['id']}/tags")).json()["data"] == []


async def test_guests_reach_addresses_of_nobody_by_their_id(organization: Organization) -> None:
    guest = await organization.guest_token()
    own = await organization.create("addresses", **HOME, token=guest)
    assert (await organization.get(f"addresses/{own['id']}", token=guest)).status_code == 200
    assert (await organization.patch("addresses", own["id"], {"city": "Rome"}, token=guest)).status_code == 200
    assert (await organization.get("addresses", token=guest)).status_code == 401
    assert (await organization.get("customer_addresses", token=guest)).status_code == 401

    customer = await _customer(organization)
    await organization.create("customer_addresses", _links(customer, own))
    for answer in (
        await organization.get(f"addresses/{own['id']}", token=guest),
        await organization.patch("addresses", own["id"], {"city": "Oslo"}, token=guest),
        await organization.call("DELETE", f"addresses/{own['id']}", token=guest),
    ):
        assert answer.status_code == 404
    free = await organization.create("addresses", **HOME, token=guest)
    assert (await organization.call("DELETE", f"addresses/{free['id']}", token=guest)).status_code == 204


async def test_customers_keep_their_own_address_book(organization: Organization) -> None:
    me = await organization.create("customers", email="me@example.com", password="Secret-42-word")
    token = (await organization.customer_ticket("me@example.com", "Secret-42-word"))["access_token"]
    other = await _customer(organization)
    theirs = await organization.create("addresses", **HOME)
    their_entry = await organization.create("customer_addresses", _links(other, theirs))

    address = await organization.create("addresses", **HOME, token=token)
    made = await organization.create("customer_addresses", _links(me, address), token=token)
    listed = await organization.get("customer_addresses?include=address", token=token)
    assert [one["id"] for one in listed.json()["data"]] == [made["id"]]
    assert [one["id"] for one in listed.json()["included"]] == [address["id"]]
    assert (await organization.patch("addresses", address["id"], {"city": "Rome"}, token=token)).status_code == 200

    assert (await organization.get(f"addresses/{theirs['id']}", token=token)).status_code == 404
    assert (await organization.get(f"customer_addresses/{their_entry['id']}", token=token)).status_code == 404
    for links in (_links(other, address), _links(me, theirs)):
        body = document("customer_addresses", {}, links)
        assert (await organization.call("POST", "customer_addresses", body, token=token)).status_code == 422
        assert (await organization.patch("customer_addresses", made["id"], {}, links, token=token)).status_code == 422
    assert (await organization.call("DELETE", f"customer_addresses/{made['id']}", token=token)).status_code == 204
    assert (await organization.get(f"addresses/{address['id']}", token=token)).status_code == 200


async def test_another_organization_knows_none_of_it(
    organization: Organization, other_organization: Organization
) -> None:
    customer, address = await _customer(organization), await organization.create("addresses", **HOME)
    entry = await organization.create("customer_addresses", _links(customer, address))
    for path in (f"addresses/{address['id']}", f"customer_addresses/{entry['id']}"):
        for method in ("GET", "DELETE"):
            assert (await other_organization.call(method, path)).status_code == 404
    mine = await other_organization.create("customers", email="mine@example.com")
    body = document("customer_addresses", {}, _links(mine, address))
    assert (await other_organization.call("POST", "customer_addresses", body)).status_code == 422
    assert (await other_organization.get("addresses")).json()["data"] == []


async def test_an_order_names_addresses(organization: Organization) -> None:
    customer, address = await _customer(organization), await organization.create("addresses", **HOME)
    named = {"shipping_address": to_one("addresses", address["id"]), "customer": to_one("customers", customer["id"])}
    order = await organization.create("orders", named)
    assert order["attributes"]["country_code"] == "US"
    found = await organization.get("orders?filter[q][shipping_address_city_eq]=New York&include=shipping_address")
    assert [one["id"] for one in found.json()["data"]] == [order["id"]]
    assert [one["id"] for one in found.json()["included"]] == [address["id"]]
    assert (await organization.get(f"orders/{order['id']}/billing_address")).json() == {"data": None}

    used = await organization.call("DELETE", f"addresses/{address['id']}")
    assert (used.status_code, used.json()["errors"][0]["code"]) == (423, "LOCKED")
    unknown = {"billing_address": to_one("addresses", customer["id"])}
    refused = await organization.patch("orders", order["id"], {}, unknown)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["source"] == {"pointer": "/data/relationships/billing_address"}


async def test_a_contact_goes_and_the_address_of_an_order_stays(organization: Organization) -> None:
    customer, address = await _customer(organization), await organization.create("addresses", **HOME)
    await organization.create("customer_addresses", _links(customer, address))
    await organization.create("orders", {"billing_address": to_one("addresses", address["id"])})
    accounts = (await organization.shop.get(ACCOUNTS, params={"filter": "emailAddress eq john@example.com"})).json()
    path = f"{ACCOUNTS}/{accounts['items'][0]['id']}/contacts"
    (contact,) = (await organization.shop.get(path)).json()["items"]
    assert (await organization.shop.delete(f"{path}/{contact['id']}")).status_code == 204
    kept = (await organization.get(f"addresses/{address['id']}")).json()["data"]["attributes"]
    assert (kept["line_1"], kept["full_name"]) == (HOME["line_1"], "John Smith")
