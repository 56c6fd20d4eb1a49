"""The wallet: payment sources of customers, which are the first dialect's cards, and of orders."""

from typing import Any

import pytest

from organizations import Organization, document, to_one
from shops import ACCOUNTS


def _of(customer: Any) -> dict[str, Any]:
    return {"customer": to_one("customers", customer["id"])}


async def _order(organization: Organization, **attributes: Any) -> Any:
    return await organization.create("orders", **attributes)


async def _external(organization: Organization, order: Any, token: str = "ext-1", **attributes: Any) -> Any:
    links = {"order": to_one("orders", order["id"])}
    return await organization.create("external_payments", links, payment_source_token=token, **attributes)


async def test_a_card_of_one_face_is_a_payment_source_of_the_other(organization: Organization) -> None:
    account = await organization.shop.account(emailAddress="a@example.com")
    cards = f"{ACCOUNTS}/{account['id']}/cards"
    card = {"id": "tok_1", "cardNumberPart": "************4242", "cardType": "Visa", "isDefaultPayMethod": True}
    assert (await organization.shop.post(cards, card)).status_code == 201

    listed = (await organization.get("customer_payment_sources?include=customer")).json()
    shown = listed["data"][0]["attributes"]
    assert (shown["payment_source_token"], shown["name"]) == ("tok_1", "Visa ************4242")
    customer = listed["included"][0]
    made = await organization.create("customer_payment_sources", _of(customer), payment_source_token="tok_2")
    held = (await organization.shop.get(cards)).json()["items"]
    assert [one["id"] for one in held] == ["tok_1", "tok_2"]

    again = await organization.call(
        "POST",
        "customer_payment_sources",
        document("customer_payment_sources", {"payment_source_token": "tok_2"}, _of(customer)),
    )
    assert again.status_code == 422
    error = again.json()["errors"][0]
    assert (error["source"]["pointer"], error["meta"]["error"]) == ("/data/attributes/payment_source_token", "taken")
    both = await organization.get(f"customers/{customer['id']}?include=customer_payment_sources")
    assert {one["id"] for one in both.json()["included"]} == {listed["data"][0]["id"], made["id"]}
    found = await organization.get(f"customers?filter[customer_payment_sources_id]={made['id']}")
    assert [one["id"] for one in found.json()["data"]] == [customer["id"]]
    named = await organization.get("customer_payment_sources?filter[q][name_start]=visa")
    assert [one["id"] for one in named.json()["data"]] == [listed["data"][0]["id"]]

    assert (await organization.call("DELETE", f"customer_payment_sources/{made['id']}")).status_code == 204
    assert (await organization.shop.call("DELETE", f"{cards}/tok_1")).status_code == 204
    assert (await organization.get("customer_payment_sources")).json()["data"] == []


async def test_a_payment_source_of_an_order_goes_into_the_wallet(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    order = await _order(organization, customer_email="a@example.com")
    external = await _external(organization, order, options={"a": 1})
    assert external["attributes"]["options"] == {"a": 1}
    assert external["attributes"]["payment_instrument"] is None
    transfer = await organization.create("wire_transfers", {"order": to_one("orders", order["id"])}, reference="W")

    links = {**_of(customer), "payment_source": to_one("external_payments", external["id"])}
    made = await organization.create("customer_payment_sources", links, customer_token="cus_1")
    shown = made["attributes"]
    assert (shown["payment_source_token"], shown["customer_token"], shown["name"]) == (
        "ext-1",
        "cus_1",
        "External payment",
    )
    whole = await organization.get(f"customer_payment_sources/{made['id']}?include=payment_source.order")
    assert whole.json()["data"]["relationships"]["payment_source"]["data"] == {
        "type": "external_payments",
        "id": external["id"],
    }
    assert {one["type"] for one in whole.json()["included"]} == {"external_payments", "orders"}
    wallet = await organization.get(f"external_payments/{external['id']}/wallet")
    assert wallet.json()["data"]["id"] == made["id"]

    other = {"payment_source": to_one("wire_transfers", transfer["id"])}
    moved = await organization.patch("customer_payment_sources", made["id"], {}, other)
    assert moved.status_code == 200, moved.text
    related = await organization.get(f"customer_payment_sources/{made['id']}/payment_source")
    assert (related.json()["data"]["type"], related.json()["data"]["id"]) == ("wire_transfers", transfer["id"])
    used = await organization.call("DELETE", f"wire_transfers/{transfer['id']}")
    assert (used.status_code, used.json()["errors"][0]["code"]) == (423, "LOCKED")
    assert (await organization.call("DELETE", f"external_payments/{external['id']}")).status_code == 204
    unset = await organization.patch("customer_payment_sources", made["id"], {}, {"payment_source": {"data": None}})
    assert unset.status_code == 200
    assert (await organization.call("DELETE", f"wire_transfers/{transfer['id']}")).status_code == 204


async def test_an_entry_is_changed_and_moved(organization: Organization) -> None:
    a = await organization.create("customers", email="a@example.com")
    b = await organization.create("customers", email="b@example.com")
    made = await organization.create("customer_payment_sources", _of(a), reference="R", metadata={"x": 1})
    assert made["attributes"]["payment_source_token"] is None

    changed = await organization.patch("customer_payment_sources", made["id"], {"payment_source_token": "tok"}, _of(b))
    assert changed.status_code == 200, changed.text
    assert changed.json()["data"]["attributes"]["payment_source_token"] == "tok"
    assert changed.json()["data"]["attributes"]["metadata"] == {"x": 1}
    for customer, expected in ((a, []), (b, [made["id"]])):
        held = await organization.get(f"customers/{customer['id']}/customer_payment_sources")
        assert [one["id"] for one in held.json()["data"]] == expected
    stale = await organization.patch("customer_payment_sources", made["id"], {"reference": "x"}, if_match='"1"')
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("name", "type_"),
    [("payment_source", "stripe_payments"), ("payment_source", "wire_transfers"), ("payment_method", "payment_methods"),
     ("customer", "customers")],
)  # fmt: skip
async def test_what_is_not_there_cannot_be_linked(
    organization: Organization, other_organization: Organization, name: str, type_: str
) -> None:
    customer = await organization.create("customers", email="a@example.com")
    foreign = await other_organization.create("customers", email="a@example.com")
    links = {**_of(customer), name: to_one(type_, foreign["id"])}

    body = document("customer_payment_sources", {}, links)
    refused = await organization.call("POST", "customer_payment_sources", body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["source"]["pointer"] == f"/data/relationships/{name}"


async def test_payment_sources_need_an_order_and_external_ones_a_token(
    organization: Organization, other_organization: Organization
) -> None:
    foreign = await _order(other_organization)
    for type_, pointers in {
        "external_payments": ["/data/attributes/payment_source_token", "/data/relationships/order"],
        "wire_transfers": ["/data/relationships/order"],
    }.items():
        refused = await organization.call("POST", type_, document(type_, {}))
        assert [one["source"]["pointer"] for one in refused.json()["errors"]] == pointers
        attributes = {"payment_source_token": "x"} if type_ == "external_payments" else {}
        links = {"order": to_one("orders", foreign["id"])}
        unknown = await organization.call("POST", type_, document(type_, attributes, links))
        assert unknown.json()["errors"][0]["source"]["pointer"] == "/data/relationships/order"


async def test_payment_sources_are_found_and_changed(organization: Organization) -> None:
    order, other = await _order(organization), await _order(organization)
    made = await _external(organization, order)
    await _external(organization, other, "ext-2")

    found = await organization.get(f"external_payments?filter[order_id]={order['id']}")
    assert [one["id"] for one in found.json()["data"]] == [made["id"]]
    fixed = await organization.patch("external_payments", made["id"], {"payment_source_token": "y"})
    assert fixed.json()["errors"][0]["code"] == "PARAM_NOT_ALLOWED"
    changed = await organization.patch(
        "external_payments", made["id"], {"options": {"b": 2}}, {"order": to_one("orders", other["id"])}
    )
    assert changed.json()["data"]["attributes"]["options"] == {"b": 2}
    assert (await organization.get(f"external_payments/{made['id']}/order")).json()["data"]["id"] == other["id"]
    wrong = await organization.get(f"wire_transfers/{made['id']}")
    assert wrong.status_code == 404


async def test_a_customer_sees_changes_and_removes_only_their_own(organization: Organization) -> None:
    me = await organization.create("customers", email="me@example.com", password="Secret-42-word")
    you = await organization.create("customers", email="you@example.com")
    token = (await organization.customer_ticket("me@example.com", "Secret-42-word"))["access_token"]
    mine = await organization.create("customer_payment_sources", _of(me), payment_source_token="mine")
    yours = await organization.create("customer_payment_sources", _of(you), payment_source_token="yours")

    listed = await organization.get("customer_payment_sources", token=token)
    assert [one["id"] for one in listed.json()["data"]] == [mine["id"]]
    assert (await organization.get(f"customer_payment_sources/{yours['id']}", token=token)).status_code == 404
    given = await organization.patch("customer_payment_sources", mine["id"], {}, _of(you), token=token)
    assert given.status_code == 422
    body = document("customer_payment_sources", {}, _of(me))
    assert (await organization.call("POST", "customer_payment_sources", body, token=token)).status_code == 401
    guest = await organization.guest_token()
    assert (await organization.get(f"customer_payment_sources/{mine['id']}", token=guest)).status_code == 401
    for record, status in ((yours, 404), (mine, 204)):
        gone = await organization.call("DELETE", f"customer_payment_sources/{record['id']}", token=token)
        assert gone.status_code == status
