"""Customers through this face: making, reading, changing, removing; groups, filters, includes."""

from organizations import Organization, document, to_one
from shops import ACCOUNTS


async def test_a_customer_is_made_read_changed_and_removed(organization: Organization) -> None:
    made = await organization.create("customers", email="Jane@Example.com", reference="CRM-1", metadata={"vip": True})

    assert made["type"] == "customers"
    assert made["attributes"]["email"] == "jane@example.com"
    assert made["attributes"]["status"] == "prospect"
    assert made["attributes"]["has_password"] is False
    assert made["attributes"]["metadata"] == {"vip": True}
    assert made["links"]["self"] == f"https://{organization.slug}.patron.localhost/api/customers/{made['id']}"
    assert made["meta"]["mode"] in ("live", "test")
    assert "data" not in made["relationships"]["customer_group"]

    read = await organization.get(f"customers/{made['id']}")
    assert read.status_code == 200
    assert read.json()["data"]["attributes"] == made["attributes"]

    changed = await organization.patch("customers", made["id"], {"reference": "CRM-2"})
    assert changed.status_code == 200, changed.text
    assert changed.json()["data"]["attributes"]["reference"] == "CRM-2"
    assert changed.json()["data"]["attributes"]["email"] == "jane@example.com"

    gone = await organization.call("DELETE", f"customers/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await organization.get(f"customers/{made['id']}")).status_code == 404


async def test_what_one_face_makes_the_other_shows(organization: Organization) -> None:
    made = await organization.create("customers", email="both@example.com", reference="CRM-1")
    found = await organization.shop.get(ACCOUNTS, params={"filter": "emailAddress eq both@example.com"})
    account = found.json()["items"][0]
    assert (account["externalId"], account["isAnonymous"]) == ("CRM-1", True)

    other = await organization.shop.account(emailAddress="kibo@example.com")
    listed = await organization.get("customers?filter[q][email_eq]=kibo@example.com")
    assert [one["attributes"]["email"] for one in listed.json()["data"]] == ["kibo@example.com"]
    assert other["id"] != account["id"]
    assert made["id"] != listed.json()["data"][0]["id"]


async def test_a_taken_address_and_a_missing_one_are_told(organization: Organization) -> None:
    await organization.create("customers", email="taken@example.com")
    again = await organization.call("POST", "customers", document("customers", {"email": "Taken@example.com"}))
    assert again.status_code == 422
    error = again.json()["errors"][0]
    assert error["code"] == "VALIDATION_ERROR"
    assert error["source"] == {"pointer": "/data/attributes/email"}
    assert error["meta"]["error"] == "taken"
    assert error["detail"] == "email - has already been taken"

    missing = await organization.call("POST", "customers", document("customers", {}))
    assert missing.status_code == 422
    assert missing.json()["errors"][0]["detail"] == "email - can't be blank"


async def test_a_customer_goes_into_a_group_and_out(organization: Organization) -> None:
    group = await organization.create("customer_groups", name="Friends")
    assert group["attributes"]["code"] == "friends"
    linked = {"customer_group": to_one("customer_groups", group["id"])}
    made = await organization.create("customers", linked, email="friend@example.com")

    whole = await organization.get(f"customers/{made['id']}?include=customer_group")
    assert whole.json()["data"]["relationships"]["customer_group"]["data"] == {
        "type": "customer_groups",
        "id": group["id"],
    }
    assert [one["id"] for one in whole.json()["included"]] == [group["id"]]
    related = await organization.get(f"customers/{made['id']}/customer_group")
    assert related.json()["data"]["attributes"]["name"] == "Friends"
    members = await organization.get(f"customer_groups/{group['id']}/customers")
    assert [one["id"] for one in members.json()["data"]] == [made["id"]]
    by_name = await organization.get("customers?filter[q][customer_group_name_eq]=Friends")
    assert [one["id"] for one in by_name.json()["data"]] == [made["id"]]

    refused = await organization.call("DELETE", f"customer_groups/{group['id']}")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (423, "LOCKED")
    out = await organization.patch("customers", made["id"], relationships={"customer_group": to_one("", None)})
    assert out.status_code == 200
    nothing = await organization.get(f"customers/{made['id']}/customer_group")
    assert nothing.json() == {"data": None}
    assert (await organization.call("DELETE", f"customer_groups/{group['id']}")).status_code == 204


async def test_a_customer_signs_in_and_sees_nobody_else(organization: Organization) -> None:
    guest = await organization.guest_token()
    made = await organization.create("customers", email="me@example.com", password="Secret-42-word", token=guest)
    assert made["attributes"]["has_password"] is True
    other = await organization.create("customers", email="other@example.com")

    ticket = await organization.customer_ticket("me@example.com", "Secret-42-word")
    assert (ticket["owner_id"], ticket["owner_type"]) == (made["id"], "customer")
    token = ticket["access_token"]
    assert (await organization.get(f"customers/{made['id']}", token=token)).status_code == 200
    assert (await organization.get(f"customers/{other['id']}", token=token)).status_code == 404
    refused = await organization.get("customers", token=token)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    assert (await organization.get(f"customers/{made['id']}", token=guest)).status_code == 401
