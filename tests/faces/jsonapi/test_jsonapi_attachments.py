"""Attachments: on customers and groups, moved between them, and gone with them."""

from typing import Any

import pytest

from organizations import Organization, document, to_one


def _on(record: Any) -> dict[str, Any]:
    return {"attachable": to_one(record["type"], record["id"])}


async def test_an_attachment_hangs_on_a_customer_or_a_group(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    group = await organization.create("customer_groups", name="Friends")
    made = await organization.create(
        "attachments", _on(customer), name="Contract", description="Signed", url="https://files.example.com/1.pdf"
    )
    assert made["attributes"]["description"] == "Signed"
    on_group = await organization.create("attachments", _on(group), name="Terms")

    both = await organization.get("attachments?include=attachable&sort=name")
    linked = [one["relationships"]["attachable"]["data"] for one in both.json()["data"]]
    assert linked == [
        {"type": "customers", "id": customer["id"]},
        {"type": "customer_groups", "id": group["id"]},
    ]
    assert {one["id"] for one in both.json()["included"]} == {customer["id"], group["id"]}
    for attachment, record in ((made, customer), (on_group, group)):
        related = await organization.get(f"attachments/{attachment['id']}/attachable")
        assert (related.json()["data"]["type"], related.json()["data"]["id"]) == (record["type"], record["id"])
        linkage = await organization.get(f"attachments/{attachment['id']}/relationships/attachable")
        assert linkage.json()["data"] == {"type": record["type"], "id": record["id"]}
        listed = await organization.get(f"{record['type']}/{record['id']}/attachments")
        assert [one["id"] for one in listed.json()["data"]] == [attachment["id"]]
        found = await organization.get(
            f"{record['type']}?filter[attachments_id]={attachment['id']}&include=attachments"
        )
        assert [one["id"] for one in found.json()["data"]] == [record["id"]]
        assert [one["id"] for one in found.json()["included"]] == [attachment["id"]]


async def test_an_attachment_is_changed_moved_and_removed(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    group = await organization.create("customer_groups", name="Friends")
    made = await organization.create("attachments", _on(customer), name="Contract", metadata={"a": 1})

    moved = await organization.patch("attachments", made["id"], {"name": "Other"}, _on(group))
    assert moved.status_code == 200, moved.text
    assert moved.json()["data"]["attributes"]["name"] == "Other"
    assert moved.json()["data"]["attributes"]["metadata"] == {"a": 1}
    assert (await organization.get(f"customers/{customer['id']}/attachments")).json()["data"] == []
    stale = await organization.patch("attachments", made["id"], {"name": "x"}, if_match='"1"')
    assert stale.status_code == 412
    gone = await organization.patch("attachments", made["id"], {"name": None})
    assert (gone.status_code, gone.json()["errors"][0]["meta"]["error"]) == (422, "blank")
    nowhere = await organization.patch("attachments", made["id"], relationships={"attachable": {"data": None}})
    assert (nowhere.status_code, nowhere.json()["errors"][0]["meta"]["error"]) == (422, "blank")
    assert (await organization.call("DELETE", f"attachments/{made['id']}")).status_code == 204
    assert (await organization.get(f"attachments/{made['id']}")).status_code == 404


@pytest.mark.parametrize("type_", ["promotions", "customers", "customer_groups", "orders", "sku_lists"])
async def test_what_is_not_there_takes_no_attachment(
    organization: Organization, other_organization: Organization, type_: str
) -> None:
    foreign = await other_organization.create("customers", email="a@example.com")
    links = {"attachable": to_one(type_, foreign["id"])}

    refused = await organization.call("POST", "attachments", document("attachments", {"name": "x"}, links))
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["source"]["pointer"] == "/data/relationships/attachable"
    assert (await organization.get("attachments")).json()["meta"]["record_count"] == 0


async def test_bad_attachments_are_told_apart(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    nothing = await organization.call("POST", "attachments", document("attachments", {}))
    assert [one["source"]["pointer"] for one in nothing.json()["errors"]] == [
        "/data/attributes/name",
        "/data/relationships/attachable",
    ]
    card = document("attachments", {"name": "x", "description": "4111 1111 1111 1111"}, _on(customer))
    refused = await organization.call("POST", "attachments", card)
    assert refused.json()["errors"][0]["source"]["pointer"] == "/data/attributes/description"
    strange = document("attachments", {"name": "x"}, {"attachable": to_one("tags", customer["id"])})
    assert (await organization.call("POST", "attachments", strange)).json()["errors"][0]["code"] == "TYPE_MISMATCH"


async def test_attachments_go_with_their_owner(organization: Organization) -> None:
    customer = await organization.create("customers", email="a@example.com")
    group = await organization.create("customer_groups", name="Friends")
    for record in (customer, group):
        await organization.create("attachments", _on(record), name="x")
        assert (await organization.call("DELETE", f"{record['type']}/{record['id']}")).status_code == 204

    assert (await organization.get("attachments")).json()["data"] == []


async def test_attachments_are_not_for_sales_channels(organization: Organization) -> None:
    made = await organization.create("customers", email="me@example.com", password="Secret-42-word")
    attachment = await organization.create("attachments", _on(made), name="Inner note")
    token = (await organization.customer_ticket("me@example.com", "Secret-42-word"))["access_token"]

    assert (await organization.get(f"attachments/{attachment['id']}", token=token)).status_code == 401
    assert (await organization.get(f"customers/{made['id']}/attachments", token=token)).status_code == 401
    whole = await organization.get(f"customers/{made['id']}?include=attachments", token=token)
    assert whole.json()["included"] == []


async def test_no_sales_channel_puts_anybody_in_a_group(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    links = {"customer_group": to_one("customer_groups", group["id"])}
    body = document("customers", {"email": "sly@example.com"}, links)

    refused = await organization.call("POST", "customers", body, token=await organization.guest_token())
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["source"]["pointer"] == "/data/relationships/customer_group"
