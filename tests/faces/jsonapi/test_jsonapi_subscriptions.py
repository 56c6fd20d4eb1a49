"""Customer subscriptions through this face."""

from organizations import Organization, document


async def test_a_subscription_is_made_read_changed_and_ended(organization: Organization) -> None:
    customer = await organization.create("customers", email="reader@example.com")
    made = await organization.create(
        "customer_subscriptions",
        customer_email="Reader@example.com",
        reference="newsletter",
        metadata={"via": "footer"},
    )
    assert made["attributes"]["customer_email"] == "reader@example.com"
    assert made["attributes"]["metadata"] == {"via": "footer"}
    whole = await organization.get(f"customer_subscriptions/{made['id']}?include=customer")
    assert [one["id"] for one in whole.json()["included"]] == [customer["id"]]
    listed = await organization.get(f"customers/{customer['id']}/customer_subscriptions")
    assert [one["id"] for one in listed.json()["data"]] == [made["id"]]

    changed = await organization.patch("customer_subscriptions", made["id"], {"reference": "sale"})
    assert changed.json()["data"]["attributes"]["reference"] == "sale"
    found = await organization.get("customer_subscriptions?filter[q][customer_email_eq]=reader@example.com")
    assert [one["attributes"]["reference"] for one in found.json()["data"]] == ["sale"]
    stale = await organization.patch("customer_subscriptions", made["id"], {"reference": "x"}, if_match='"1"')
    assert stale.status_code == 412
    other = await organization.patch("customer_subscriptions", made["id"], {"customer_email": "x@example.com"})
    assert (other.status_code, other.json()["errors"][0]["code"]) == (400, "PARAM_NOT_ALLOWED")
    assert (await organization.call("DELETE", f"customer_subscriptions/{made['id']}")).status_code == 204
    assert (await organization.get(f"customer_subscriptions/{made['id']}")).status_code == 404


async def test_a_subscription_makes_its_customer(organization: Organization) -> None:
    guest = await organization.guest_token()
    made = await organization.create(
        "customer_subscriptions", token=guest, customer_email="new@example.com", reference="newsletter"
    )
    found = await organization.get("customers?filter[q][email_eq]=new@example.com")
    assert [one["attributes"]["has_password"] for one in found.json()["data"]] == [False]
    assert (await organization.get(f"customer_subscriptions/{made['id']}", token=guest)).status_code == 200
    assert (await organization.get("customer_subscriptions", token=guest)).status_code == 401
    hidden = await organization.get(f"customer_subscriptions/{made['id']}?include=customer", token=guest)
    assert hidden.json()["included"] == []


async def test_wrong_and_doubled_subscriptions(organization: Organization) -> None:
    made = await organization.create("customer_subscriptions", customer_email="a@example.com", reference="news")
    other = await organization.create("customer_subscriptions", customer_email="a@example.com", reference="sale")
    body = document("customer_subscriptions", {"customer_email": "A@example.com", "reference": "news"})
    for answer in (
        await organization.call("POST", "customer_subscriptions", body),
        await organization.patch("customer_subscriptions", other["id"], {"reference": "news"}),
    ):
        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert (error["source"]["pointer"], error["meta"]["error"]) == ("/data/attributes/reference", "taken")
    empty = await organization.call("POST", "customer_subscriptions", document("customer_subscriptions", {}))
    pointers = {one["source"]["pointer"] for one in empty.json()["errors"]}
    assert pointers == {"/data/attributes/reference", "/data/attributes/customer_email"}
    wrong = document("customer_subscriptions", {"customer_email": "nobody", "reference": "news"})
    assert (await organization.call("POST", "customer_subscriptions", wrong)).status_code == 422
    unset = await organization.patch("customer_subscriptions", made["id"], {"reference": None})
    assert unset.status_code == 422


async def test_customers_see_their_own_subscriptions(
    organization: Organization, other_organization: Organization
) -> None:
    await organization.create("customers", email="me@example.com", password="Secret-42-word")
    token = (await organization.customer_ticket("me@example.com", "Secret-42-word"))["access_token"]
    mine = await organization.create(
        "customer_subscriptions", token=token, customer_email="me@example.com", reference="news"
    )
    await organization.create("customer_subscriptions", customer_email="other@example.com", reference="news")
    listed = await organization.get("customer_subscriptions", token=token)
    assert [one["id"] for one in listed.json()["data"]] == [mine["id"]]
    assert (await other_organization.get(f"customer_subscriptions/{mine['id']}")).status_code == 404
    assert (await organization.call("DELETE", f"customer_subscriptions/{mine['id']}", token=token)).status_code == 204
