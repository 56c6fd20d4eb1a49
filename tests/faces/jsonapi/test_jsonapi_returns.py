"""Returns and order subscriptions: their steps, their money, whose they are."""

from typing import Any

import pytest

from organizations import Organization, document, to_one
from shops import ACCOUNTS


async def placed(organization: Organization, email: str, **attributes: Any) -> Any:
    """A placed order of a customer."""
    made = await organization.create("orders", customer_email=email, **attributes)
    answer = await organization.patch("orders", made["id"], {"_place": True})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def step(organization: Organization, type_: str, id_: str, **triggers: Any) -> Any:
    """Take steps; answers the resource."""
    answer = await organization.patch(type_, id_, triggers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["attributes"]


async def test_a_return_gives_money_back_once(organization: Organization) -> None:
    order = await placed(organization, "back@example.com", currency_code="USD", total_amount_cents=1_000)
    made = await organization.create("returns", {"order": to_one("orders", order["id"])}, reference="R-1")
    assert (made["attributes"]["status"], made["attributes"]["estimated_refund_amount_cents"]) == ("draft", 1_000)

    early = await organization.patch("returns", made["id"], {"_refund": True})
    assert (early.status_code, early.json()["errors"][0]["meta"]["error"]) == (422, "invalid_transition")
    for name in ("_request", "_approve"):
        await step(organization, "returns", made["id"], **{name: True})
    over = await organization.patch("returns", made["id"], {"_refund": True, "_refund_amount_cents": 1_001})
    assert over.status_code == 422
    assert over.json()["errors"][0]["source"]["pointer"] == "/data/attributes/_refund_amount_cents"
    done = await step(organization, "returns", made["id"], _refund=True, _refund_amount_cents=400)
    assert (done["status"], done["estimated_refund_amount_cents"]) == ("refunded", 400)
    await step(organization, "returns", made["id"], _refund=True, _refund_amount_cents=600)  # again: nothing

    await step(organization, "orders", order["id"], _cancel=True)  # gives back the rest, and no more
    found = await organization.shop.get(ACCOUNTS, params={"filter": "emailAddress eq back@example.com"})
    summary = found.json()["items"][0]["commerceSummary"]
    assert (summary["orderCount"], summary["totalOrderAmount"]["amount"]) == (1, 0)


async def test_a_return_needs_a_placed_order(organization: Organization) -> None:
    draft = await organization.create("orders", customer_email="draft@example.com")
    for linked in (to_one("orders", draft["id"]), to_one("orders", "k" * 12)):
        refused = await organization.call("POST", "returns", document("returns", {}, {"order": linked}))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["source"] == {"pointer": "/data/relationships/order"}


async def test_a_subscription_runs_until_it_is_cancelled(organization: Organization) -> None:
    order = await placed(organization, "again@example.com")
    linked = {"source_order": to_one("orders", order["id"])}
    wrong = await organization.call(
        "POST", "order_subscriptions", document("order_subscriptions", {"frequency": "never"}, linked)
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["meta"]["error"]) == (422, "inclusion")
    made = await organization.create(
        "order_subscriptions", linked, frequency="weekly", starts_at="2030-01-01T00:00:00.000Z"
    )
    attributes = made["attributes"]
    assert (attributes["status"], attributes["next_run_at"]) == ("active", "2030-01-08T00:00:00.000Z")
    refused = await organization.call("DELETE", f"order_subscriptions/{made['id']}")
    assert refused.status_code == 423
    paused = await step(organization, "order_subscriptions", made["id"], _deactivate=True)
    assert (paused["status"], paused["next_run_at"]) == ("inactive", None)
    active = await step(organization, "order_subscriptions", made["id"], _activate=True)
    assert active["next_run_at"] == "2030-01-08T00:00:00.000Z"
    assert (await step(organization, "order_subscriptions", made["id"], _cancel=True))["status"] == "cancelled"
    again = await organization.patch("order_subscriptions", made["id"], {"_activate": True})
    assert again.status_code == 422


async def test_a_subscription_waits_for_its_order(organization: Organization) -> None:
    draft = await organization.create("orders", customer_email="waits@example.com")
    linked = {"source_order": to_one("orders", draft["id"])}
    waiting = await organization.create("order_subscriptions", linked, frequency="weekly")
    other = await organization.create("order_subscriptions", linked, frequency="weekly", activate_by_source_order=False)
    assert (waiting["attributes"]["status"], waiting["attributes"]["next_run_at"]) == ("draft", None)
    await step(organization, "orders", draft["id"], _place=True)
    shown = [(await organization.get(f"order_subscriptions/{one['id']}")).json()["data"] for one in (waiting, other)]
    assert [one["attributes"]["status"] for one in shown] == ["active", "draft"]
    assert shown[0]["attributes"]["next_run_at"] is not None


async def test_customers_reach_their_own_only(organization: Organization) -> None:
    order = await placed(organization, "else@example.com")
    linked = {"order": to_one("orders", order["id"])}
    theirs = await organization.create("returns", linked)
    guest = await organization.guest_token()
    await organization.create("customers", email="mine@example.com", password="Secret-42-word", token=guest)
    token = (await organization.customer_ticket("mine@example.com", "Secret-42-word"))["access_token"]
    assert (await organization.get("returns", token=token)).json()["data"] == []
    assert (await organization.get("order_subscriptions", token=token)).json()["data"] == []
    refused = await organization.call("POST", "returns", document("returns", {}, linked), token=token)
    assert refused.status_code == 422
    assert (await organization.get("returns", token=guest)).status_code == 401
    assert (await organization.get(f"returns/{theirs['id']}", token=guest)).status_code == 200  # of a guest order


@pytest.mark.parametrize(
    "wish",
    [{"_request": True, "_approve": True}, {"_refund": True}, {"_refund_amount_cents": 1}, {"_receive": True},
     {"_ship": True}, {"_reject": True}, {"_restock": True}, {"_archive": True}, {"_unarchive": True}],
)  # fmt: skip
async def test_shoppers_ask_for_a_return_and_say_no_more(organization: Organization, wish: dict[str, Any]) -> None:
    guest = await organization.guest_token()
    order = await placed(organization, "guest@example.com", currency_code="USD", total_amount_cents=1_000)
    made = await organization.create("returns", {"order": to_one("orders", order["id"])}, token=guest)
    refused = await organization.patch("returns", made["id"], wish, token=guest)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    shown = (await organization.get(f"returns/{made['id']}")).json()["data"]["attributes"]
    assert shown["status"] == "draft"
    asked = await organization.patch("returns", made["id"], {"_request": True}, token=guest)
    assert asked.json()["data"]["attributes"]["status"] == "requested"
    assert (await organization.patch("returns", made["id"], {"_cancel": True}, token=guest)).status_code == 404


async def test_customers_take_back_what_they_asked_for(organization: Organization) -> None:
    await organization.create("customers", email="own@example.com", password="Secret-42-word")
    order = await placed(organization, "own@example.com")
    token = (await organization.customer_ticket("own@example.com", "Secret-42-word"))["access_token"]
    made = await organization.create("returns", {"order": to_one("orders", order["id"])}, token=token)
    for trigger, status in (("_request", "requested"), ("_cancel", "cancelled")):
        answer = await organization.patch("returns", made["id"], {trigger: True}, token=token)
        assert answer.json()["data"]["attributes"]["status"] == status


async def test_orders_returns_and_subscriptions_are_tagged(organization: Organization) -> None:
    order = await placed(organization, "tags@example.com")
    for name in ("gift", "slow"):
        await organization.create("tags", name=name)
    made = [
        ("orders", order),
        ("returns", await organization.create("returns", {"order": to_one("orders", order["id"])})),
        (
            "order_subscriptions",
            await organization.create(
                "order_subscriptions", {"source_order": to_one("orders", order["id"])}, frequency="daily"
            ),
        ),
    ]
    for type_, one in made:
        await step(organization, type_, one["id"], _add_tags="gift,slow", _remove_tags="slow")
        read = await organization.get(f"{type_}/{one['id']}?include=tags")
        assert [tag["attributes"]["name"] for tag in read.json()["included"]] == ["gift"]
        found = await organization.get(f"{type_}?filter[q][tags_name_eq]=gift")
        assert [row["id"] for row in found.json()["data"]] == [one["id"]]


async def test_attachments_hang_on_a_return_and_go_with_it(organization: Organization) -> None:
    order = await placed(organization, "files@example.com")
    made = await organization.create("returns", {"order": to_one("orders", order["id"])})
    links = {"attachable": to_one("returns", made["id"])}
    attachment = await organization.create("attachments", links, name="Label")
    listed = await organization.get(f"returns/{made['id']}/attachments")
    assert [one["id"] for one in listed.json()["data"]] == [attachment["id"]]
    found = await organization.get("returns?filter[q][attachments_name_eq]=Label&include=attachments")
    assert [one["id"] for one in found.json()["data"]] == [made["id"]]
    assert (await organization.call("DELETE", f"returns/{made['id']}")).status_code == 204
    assert (await organization.get(f"attachments/{attachment['id']}")).status_code == 404
    on_order = await organization.create("attachments", {"attachable": to_one("orders", order["id"])}, name="Invoice")
    orders = await organization.get(f"orders?filter[attachments_id]={on_order['id']}")
    assert [one["id"] for one in orders.json()["data"]] == [order["id"]]


@pytest.mark.parametrize("type_", ["returns", "order_subscriptions"])
async def test_references_have_a_length(organization: Organization, type_: str) -> None:
    order = await placed(organization, "long@example.com")
    links = {"source_order" if type_ == "order_subscriptions" else "order": to_one("orders", order["id"])}
    given = {"frequency": "daily"} if type_ == "order_subscriptions" else {}
    made = await organization.create(type_, links, **given, reference=" R ", reference_origin="o" * 200)
    assert (made["attributes"]["reference"], made["attributes"]["metadata"]) == ("R", {})
    for name in ("reference", "reference_origin"):
        wrong = {name: "x" * 201}
        answers = [
            await organization.patch(type_, made["id"], wrong),
            await organization.call("POST", type_, document(type_, {**given, **wrong}, links)),
        ]
        for answer in answers:
            assert answer.status_code == 422
            error = answer.json()["errors"][0]
            assert (error["source"]["pointer"], error["meta"]["error"]) == (f"/data/attributes/{name}", "too_long")
    kept = await step(organization, type_, made["id"], reference=None, metadata={"a": 1})
    assert (kept["reference"], kept["metadata"]) == (None, {"a": 1})


async def test_a_subscription_is_paid_with_an_entry_of_the_wallet(organization: Organization) -> None:
    order = await placed(organization, "wallet@example.com")
    customer = (await organization.get(f"orders/{order['id']}/customer")).json()["data"]
    links = {"source_order": to_one("orders", order["id"])}
    made = await organization.create("order_subscriptions", links, frequency="weekly")
    entry = await organization.create(
        "customer_payment_sources", {"customer": to_one("customers", customer["id"])}, payment_source_token="tok"
    )
    other = await organization.create("customers", email="else@example.com")
    theirs = await organization.create("customer_payment_sources", {"customer": to_one("customers", other["id"])})

    def with_entry(one: Any) -> dict[str, Any]:
        return {"customer_payment_source": to_one("customer_payment_sources", one and one["id"])}

    refused = await organization.call(
        "POST",
        "order_subscriptions",
        document("order_subscriptions", {"frequency": "daily"}, links | with_entry(entry)),
    )
    assert refused.json()["errors"][0]["code"] == "PARAM_NOT_ALLOWED"
    for one in (theirs, {"id": "nonsense"}):
        answer = await organization.patch("order_subscriptions", made["id"], {}, with_entry(one))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["source"] == {"pointer": "/data/relationships/customer_payment_source"}
    assert (await organization.patch("order_subscriptions", made["id"], {}, with_entry(entry))).status_code == 200
    for asked in (
        f"filter[customer_payment_source_id]={entry['id']}",
        "filter[q][customer_payment_source_name_null]=true",
    ):
        found = await organization.get(f"order_subscriptions?{asked}&include=customer_payment_source")
        assert [one["id"] for one in found.json()["included"]] == [entry["id"]]
    assert (await organization.call("DELETE", f"customer_payment_sources/{entry['id']}")).status_code == 204
    related = await organization.get(f"order_subscriptions/{made['id']}/customer_payment_source")
    assert (related.status_code, related.json()["data"]) == (200, None)
    assert (await organization.patch("order_subscriptions", made["id"], {}, with_entry(None))).status_code == 200
