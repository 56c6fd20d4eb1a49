"""Lists of SKUs: of customers and of nobody, their items, filters, and who may reach them."""

from typing import Any

import pytest

from organizations import Organization, document, to_one


def _of(customer: Any) -> dict[str, Any]:
    return {"customer": to_one("customers", customer["id"])}


def _in(sku_list: Any) -> dict[str, Any]:
    return {"sku_list": to_one("sku_lists", sku_list["id"])}


async def test_a_wish_list_is_made_filled_and_read(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    made = await organization.create("sku_lists", _of(customer), name="My Wishes!", description="For May")
    assert made["attributes"]["slug"] == "my-wishes"
    assert (made["attributes"]["manual"], made["attributes"]["sku_code_regex"]) == (True, None)
    shirt = await organization.create("sku_list_items", _in(made), sku_code="SHIRT", quantity=2)
    shoes = await organization.create("sku_list_items", _in(made), sku_code="SHOES", metadata={"size": 42})
    assert [one["attributes"]["position"] for one in (shirt, shoes)] == [1, 2]
    assert [one["attributes"]["quantity"] for one in (shirt, shoes)] == [2, 1]

    whole = await organization.get(f"customers/{customer['id']}?include=sku_lists.sku_list_items")
    assert {one["id"] for one in whole.json()["included"]} == {made["id"], shirt["id"], shoes["id"]}
    listed = await organization.get(f"sku_lists/{made['id']}/sku_list_items?sort=-position")
    assert [one["attributes"]["sku_code"] for one in listed.json()["data"]] == ["SHOES", "SHIRT"]
    owner = await organization.get(f"sku_list_items/{shirt['id']}?include=sku_list.customer")
    assert {one["type"] for one in owner.json()["included"]} == {"sku_lists", "customers"}
    assert (await organization.get(f"sku_lists/{made['id']}/skus")).json()["data"] == []
    assert (await organization.get(f"sku_list_items/{shirt['id']}/sku")).json() == {"data": None}


async def test_slugs_are_made_once_and_never_twice(organization: Organization) -> None:
    first = await organization.create("sku_lists", name="Wishes")
    second = await organization.create("sku_lists", name="Wishes")
    assert first["attributes"]["slug"] == "wishes"
    assert second["attributes"]["slug"].startswith("wishes-")
    renamed = await organization.patch("sku_lists", first["id"], {"name": "Others"})
    assert renamed.json()["data"]["attributes"]["slug"] == "wishes"
    fixed = await organization.call("POST", "sku_lists", document("sku_lists", {"name": "x", "slug": "y"}))
    assert fixed.json()["errors"][0]["code"] == "PARAM_NOT_ALLOWED"


async def test_a_list_is_filled_by_hand_or_by_an_expression(organization: Organization) -> None:
    bad = await organization.call("POST", "sku_lists", document("sku_lists", {"name": "x", "manual": False}))
    assert (bad.status_code, bad.json()["errors"][0]["source"]["pointer"]) == (422, "/data/attributes/sku_code_regex")
    for regex in ("(", "a" * 5001, "(?=x)"):
        body = document("sku_lists", {"name": "x", "manual": False, "sku_code_regex": regex})
        refused = await organization.call("POST", "sku_lists", body)
        assert refused.json()["errors"][0]["source"]["pointer"] == "/data/attributes/sku_code_regex"
    made = await organization.create("sku_lists", name="x", manual=False, sku_code_regex="^(A|B).*$")
    emptied = await organization.patch("sku_lists", made["id"], {"sku_code_regex": None})
    assert emptied.status_code == 422
    body = document("sku_list_items", {"sku_code": "A1"}, _in(made))
    refused = await organization.call("POST", "sku_list_items", body)
    assert refused.json()["errors"][0]["source"]["pointer"] == "/data/relationships/sku_list"
    by_hand = await organization.patch("sku_lists", made["id"], {"manual": True, "sku_code_regex": None})
    assert by_hand.json()["data"]["attributes"]["manual"] is True
    await organization.create("sku_list_items", _in(made), sku_code="A1")


@pytest.mark.parametrize(
    ("attributes", "pointer", "rule"),
    [
        ({}, "/data/attributes/sku_code", "blank"),
        ({"sku_code": "SHIRT"}, "/data/attributes/sku_code", "taken"),
        ({"sku_code": "A", "quantity": 0}, "/data/attributes/quantity", "inclusion"),
        ({"sku_code": "A", "position": 2**40}, "/data/attributes/position", "inclusion"),
        ({"sku_code": "A", "quantity": "2"}, "/data/attributes/quantity", "invalid"),
    ],
)
async def test_a_bad_item_is_refused(
    organization: Organization, attributes: dict[str, Any], pointer: str, rule: str
) -> None:
    made = await organization.create("sku_lists", name="x")
    await organization.create("sku_list_items", _in(made), sku_code="SHIRT")

    refused = await organization.call("POST", "sku_list_items", document("sku_list_items", attributes, _in(made)))
    assert refused.status_code == 422, refused.text
    error = refused.json()["errors"][0]
    assert (error["source"]["pointer"], error["meta"]["error"]) == (pointer, rule)


async def test_items_are_changed_and_taken_off(organization: Organization) -> None:
    made = await organization.create("sku_lists", name="x")
    item = await organization.create("sku_list_items", _in(made), sku_code="SHIRT")

    changed = await organization.patch("sku_list_items", item["id"], {"quantity": 3, "position": 7, "sku_code": "S2"})
    assert changed.status_code == 200, changed.text
    shown = changed.json()["data"]["attributes"]
    assert (shown["quantity"], shown["position"], shown["sku_code"]) == (3, 7, "S2")
    stale = await organization.patch("sku_list_items", item["id"], {"quantity": 4}, if_match='"1"')
    assert stale.status_code == 412
    sku = {"sku": to_one("skus", item["id"])}
    unknown = await organization.call(
        "POST", "sku_list_items", document("sku_list_items", {"sku_code": "A"}, {**_in(made), **sku})
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["source"]["pointer"]) == (422, "/data/relationships/sku")
    assert (await organization.call("DELETE", f"sku_list_items/{item['id']}")).status_code == 204
    await organization.create("sku_list_items", _in(made), sku_code="SHIRT")
    assert (await organization.call("DELETE", f"sku_lists/{made['id']}")).status_code == 204
    assert (await organization.get("sku_list_items")).json()["data"] == []


async def test_lists_are_found_by_what_they_hold(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    wishes = await organization.create("sku_lists", _of(customer), name="Wishes")
    other = await organization.create("sku_lists", name="Other")
    shirt = await organization.create("sku_list_items", _in(wishes), sku_code="SHIRT-1")
    await organization.create("sku_list_items", _in(other), sku_code="SHOES-1")

    for question, expected in {
        "filter[q][sku_code_eq]=SHIRT-1": [wishes],
        "filter[q][sku_code_in]=SHIRT-1,SHOES-1": [wishes, other],
        "filter[q][sku_code_start]=SHOE": [other],
        "filter[q][sku_code_end]=-1": [wishes, other],
        "filter[q][sku_code_matches]=SH%25-1": [wishes, other],
        "filter[q][sku_code_eq]=NONE": [],
        f"filter[customer_id]={customer['id']}": [wishes],
        f"filter[sku_list_items_id]={shirt['id']}": [wishes],
        "filter[q][customer_email_eq]=a@example.com": [wishes],
        "filter[q][slug_eq]=other": [other],
    }.items():
        found = await organization.get(f"sku_lists?{question}")
        assert found.status_code == 200, found.text
        assert [one["id"] for one in found.json()["data"]] == [one["id"] for one in expected], question
    mine = await organization.get("customers?filter[q][sku_lists_name_eq]=Wishes")
    assert [one["id"] for one in mine.json()["data"]] == [customer["id"]]


async def test_lists_go_with_their_customer(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    made = await organization.create("sku_lists", _of(customer), name="x")
    await organization.create("attachments", {"attachable": to_one("sku_lists", made["id"])}, name="Note")

    assert (await organization.call("DELETE", f"customers/{customer['id']}")).status_code == 204
    assert (await organization.get(f"sku_lists/{made['id']}")).status_code == 404
    assert (await organization.get("attachments")).json()["data"] == []


async def test_guests_and_customers_reach_what_is_nobodys_and_their_own(organization: Organization) -> None:
    guest = await organization.guest_token()
    me = await organization.create("customers", email="me@example.com", password="Secret-42-word")
    you = await organization.create("customers", email="you@example.com")
    token = (await organization.customer_ticket("me@example.com", "Secret-42-word"))["access_token"]

    nobodys = await organization.create("sku_lists", token=guest, name="Cart for later")
    mine = await organization.create("sku_lists", token=token, name="Mine")
    yours = await organization.create("sku_lists", _of(you), name="Yours")
    item = await organization.create("sku_list_items", _in(yours), sku_code="SECRET")
    await organization.create("sku_list_items", _in(mine), token=token, sku_code="A")
    await organization.create("sku_list_items", _in(nobodys), token=guest, sku_code="A")

    assert (await organization.get(f"sku_lists/{mine['id']}/customer", token=token)).json()["data"]["id"] == me["id"]
    for who, record, status in (
        (guest, nobodys, 200), (guest, mine, 404), (guest, yours, 404), (token, nobodys, 200), (token, mine, 200),
        (token, yours, 404),
    ):  # fmt: skip
        assert (await organization.get(f"sku_lists/{record['id']}", token=who)).status_code == status
        renamed = await organization.patch("sku_lists", record["id"], {"description": "d"}, token=who)
        assert renamed.status_code == status
    assert (await organization.get(f"sku_list_items/{item['id']}", token=token)).status_code == 404
    for who in (guest, token):
        assert (await organization.get("sku_lists", token=who)).status_code == 401
        body = document("sku_list_items", {"sku_code": "B"}, _in(yours))
        assert (await organization.call("POST", "sku_list_items", body, token=who)).status_code == 422
        body = document("sku_lists", {"name": "For you"}, _of(you))
        assert (await organization.call("POST", "sku_lists", body, token=who)).status_code == 422
    own = await organization.get(f"customers/{me['id']}?include=sku_lists", token=token)
    assert [one["id"] for one in own.json()["included"]] == [mine["id"]]


async def test_another_organizations_lists_are_unknown(
    organization: Organization, other_organization: Organization
) -> None:
    foreign = await other_organization.create("sku_lists", name="x")
    customer = await other_organization.create("customers", email="a@example.com")

    assert (await organization.get(f"sku_lists/{foreign['id']}")).status_code == 404
    for type_, body in (
        ("sku_list_items", document("sku_list_items", {"sku_code": "A"}, _in(foreign))),
        ("sku_lists", document("sku_lists", {"name": "x"}, _of(customer))),
    ):
        assert (await organization.call("POST", type_, body)).status_code == 422
