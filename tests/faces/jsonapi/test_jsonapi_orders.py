"""Orders: whose they are, how they are placed and cancelled, and what that says of the customer in both faces."""

import pytest

from organizations import Organization, to_one
from shops import ACCOUNTS


async def place(organization: Organization, id_: str, **more: object) -> dict[str, object]:
    """Place an order."""
    answer = await organization.patch("orders", id_, {"_place": True, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"]["attributes"])


async def test_an_order_is_put_together_placed_and_cancelled(organization: Organization) -> None:
    draft = await organization.create("orders", currency_code="EUR", total_amount_cents=12_345)
    attributes = draft["attributes"]
    assert (attributes["status"], attributes["guest"], attributes["number"].isdigit()) == ("draft", True, True)
    assert attributes["total_amount_float"] == 123.45
    assert attributes["formatted_total_amount"] == "€123.45"
    assert attributes["placed_at"] is None

    nobody = await organization.patch("orders", draft["id"], {"_place": True})
    assert nobody.status_code == 422
    assert nobody.json()["errors"][0]["source"] == {"pointer": "/data/relationships/customer"}

    pending = await organization.patch("orders", draft["id"], {"customer_email": "buyer@example.com"})
    assert pending.json()["data"]["attributes"]["status"] == "pending"
    assert pending.json()["data"]["attributes"]["customer_email"] == "buyer@example.com"

    placed = await place(organization, draft["id"])
    assert (placed["status"], placed["customer_type"]) == ("placed", "new")
    again = await place(organization, draft["id"])
    assert again == placed  # placing twice changes nothing

    customer = (await organization.get(f"orders/{draft['id']}/customer")).json()["data"]
    assert (customer["attributes"]["status"], customer["attributes"]["total_orders_count"]) == ("acquired", 1)
    account = (await organization.shop.get(ACCOUNTS, params={"filter": "emailAddress eq buyer@example.com"})).json()[
        "items"
    ][0]
    assert account["commerceSummary"]["orderCount"] == 1

    cancelled = await organization.patch("orders", draft["id"], {"_cancel": True})
    assert cancelled.json()["data"]["attributes"]["status"] == "cancelled"
    refused = await organization.patch("orders", draft["id"], {"_place": True})
    assert refused.status_code == 422
    kinds = await organization.shop.get(f"{ACCOUNTS}/{account['id']}/transactions")
    found = kinds.json()
    listed = found if isinstance(found, list) else found["items"]
    assert sorted(one["transactionType"] for one in listed) == ["Order", "Return"]


async def test_the_second_order_makes_a_customer_repeat(organization: Organization) -> None:
    customer = await organization.create("customers", email="twice@example.com")
    types = []
    for _ in range(2):
        made = await organization.create("orders", {"customer": to_one("customers", customer["id"])})
        assert made["attributes"]["status"] == "pending"
        types.append((await place(organization, made["id"]))["customer_type"])
    assert types == ["new", "returning"]
    read = await organization.get(f"customers/{customer['id']}?include=orders")
    assert read.json()["data"]["attributes"]["status"] == "repeat"
    assert len(read.json()["included"]) == 2
    listed = await organization.get("orders?filter[q][customer_email_eq]=twice@example.com&sort=-number")
    assert listed.json()["meta"]["record_count"] == 2


async def test_a_customers_orders_are_their_own(organization: Organization) -> None:
    guest = await organization.guest_token()
    await organization.create("customers", email="own@example.com", password="Secret-42-word", token=guest)
    token = (await organization.customer_ticket("own@example.com", "Secret-42-word"))["access_token"]
    other = await organization.create("customers", email="someone@example.com")
    mine = await organization.create("orders", token=token)
    theirs = await organization.create("orders", {"customer": to_one("customers", other["id"])})
    assert mine["attributes"]["guest"] is False

    assert [one["id"] for one in (await organization.get("orders", token=token)).json()["data"]] == [mine["id"]]
    assert (await organization.get(f"orders/{theirs['id']}", token=token)).status_code == 404
    assert (await organization.get(f"orders/{mine['id']}", token=guest)).status_code == 404
    refused = await organization.patch("orders", mine["id"], {"total_amount_cents": 1}, token=token)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")

    anonymous = await organization.create("orders", token=guest)
    assert (await organization.get(f"orders/{anonymous['id']}", token=guest)).status_code == 200
    assert (await organization.get("orders", token=guest)).status_code == 401


async def test_a_placed_order_stays_and_keeps_its_total(organization: Organization) -> None:
    made = await organization.create("orders", customer_email="stay@example.com", total_amount_cents=500)
    await place(organization, made["id"])
    refused = await organization.patch("orders", made["id"], {"total_amount_cents": 900})
    assert (refused.status_code, refused.json()["errors"][0]["source"]["pointer"]) == (
        422,
        "/data/attributes/total_amount_cents",
    )
    gone = await organization.call("DELETE", f"orders/{made['id']}")
    assert (gone.status_code, gone.json()["errors"][0]["code"]) == (423, "LOCKED")
    customer = (await organization.get(f"orders/{made['id']}/customer")).json()["data"]
    kept = await organization.call("DELETE", f"customers/{customer['id']}")
    assert kept.status_code == 423


async def test_a_customer_takes_an_order_back_until_the_shop_has_done_something(organization: Organization) -> None:
    guest = await organization.guest_token()
    await organization.create("customers", email="own@example.com", password="Secret-42-word", token=guest)
    token = (await organization.customer_ticket("own@example.com", "Secret-42-word"))["access_token"]
    for done in ({}, {"_approve": True}, {"_authorize": True}, {"_fulfill": True}):
        made = await organization.create("orders", token=token)
        await organization.patch("orders", made["id"], {"_place": True}, token=token)
        assert (await organization.patch("orders", made["id"], done)).status_code == 200
        answer = await organization.patch("orders", made["id"], {"_cancel": True}, token=token)
        assert answer.status_code == (422 if done else 200), done
        if done:
            assert answer.json()["errors"][0]["meta"]["error"] == "invalid_transition"
            assert (await organization.patch("orders", made["id"], {"_cancel": True})).status_code == 200


@pytest.mark.parametrize("wish", [{"_authorize": True}, {"_authorization_amount_cents": 1}, {"_capture": True}])
async def test_shoppers_say_nothing_of_payments(organization: Organization, wish: dict[str, object]) -> None:
    guest = await organization.guest_token()
    cart = await organization.create("orders", customer_email="buyer@example.com", token=guest)
    refused = await organization.patch("orders", cart["id"], {"_place": True, **wish}, token=guest)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    assert (await organization.get(f"orders/{cart['id']}")).json()["data"]["attributes"]["status"] == "pending"


ADDRESS = {
    "first_name": "Ada", "last_name": "Buyer", "line_1": "1 Main Street", "city": "Austin", "state_code": "TX",
    "zip_code": "78701", "country_code": "US", "phone": "+1 555 0100",
}  # fmt: skip


async def test_addresses_of_an_order_are_named_copied_and_saved(organization: Organization) -> None:
    address = await organization.create("addresses", **ADDRESS)
    order = await organization.create(
        "orders", {"billing_address": to_one("addresses", address["id"])}, customer_email="book@example.com"
    )
    changed = await organization.patch(
        "orders",
        order["id"],
        {"_shipping_address_clone_id": address["id"], "_save_shipping_address_to_customer_address_book": True},
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["data"]["attributes"]["country_code"] == "US"
    read = await organization.get(f"orders/{order['id']}?include=shipping_address,billing_address")
    linked = read.json()["data"]["relationships"]
    assert linked["billing_address"]["data"]["id"] == address["id"]
    assert linked["shipping_address"]["data"]["id"] != address["id"]
    assert {one["attributes"]["line_1"] for one in read.json()["included"]} == {"1 Main Street"}

    customer = (await organization.get(f"orders/{order['id']}/customer")).json()["data"]
    book = await organization.get(f"customers/{customer['id']}/customer_addresses?include=address")
    assert [one["attributes"]["line_1"] for one in book.json()["included"]] == ["1 Main Street"]
    again = await organization.patch("orders", order["id"], {"_save_shipping_address_to_customer_address_book": True})
    assert again.status_code == 200
    book = await organization.get(f"customers/{customer['id']}/customer_addresses")
    assert book.json()["meta"]["record_count"] == 1

    alike = await organization.patch("orders", order["id"], {"_shipping_address_same_as_billing": True})
    assert alike.status_code == 200
    unknown = await organization.patch("orders", order["id"], {"_billing_address_clone_id": "k" * 12})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["source"] == {"pointer": "/data/attributes/_billing_address_clone_id"}
    nowhere = await organization.patch(
        "orders", order["id"], relationships={"shipping_address": to_one("addresses", "k" * 12)}
    )
    assert nowhere.json()["errors"][0]["source"] == {"pointer": "/data/relationships/shipping_address"}


async def test_a_guest_copies_only_addresses_that_are_nobodys(organization: Organization) -> None:
    customer = await organization.create("customers", email="book@example.com", password="Secret-42-word")
    address = await organization.create("addresses", **ADDRESS)
    links = {"customer": to_one("customers", customer["id"]), "address": to_one("addresses", address["id"])}
    await organization.create("customer_addresses", links)
    guest = await organization.guest_token()
    own = await organization.create("addresses", token=guest, **ADDRESS)
    order = await organization.create("orders", token=guest)
    for which in ("shipping", "billing"):
        name = f"_{which}_address_clone_id"
        refused = await organization.patch("orders", order["id"], {name: address["id"]}, token=guest)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["source"] == {"pointer": f"/data/attributes/{name}"}
        copied = await organization.patch("orders", order["id"], {name: own["id"]}, token=guest)
        assert copied.status_code == 200, copied.text
    other = await organization.create("customers", email="other@example.com", password="Secret-42-word")
    assert other["id"]
    for email, status in (("book@example.com", 200), ("other@example.com", 422)):
        token = (await organization.customer_ticket(email, "Secret-42-word"))["access_token"]
        mine = await organization.create("orders", token=token)
        answer = await organization.patch(
            "orders", mine["id"], {"_shipping_address_clone_id": address["id"]}, token=token
        )
        assert answer.status_code == status, email
