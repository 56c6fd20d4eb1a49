"""What an order is paid with: its payment source, the wallet of its customer, and what is kept there."""

from typing import Any

import pytest

from organizations import Organization, to_one

PASSWORD = "Secret-42-word"


async def _customer(organization: Organization, email: str = "pays@example.com") -> tuple[Any, str]:
    """A customer, and their token."""
    made = await organization.create("customers", email=email, password=PASSWORD)
    return made, (await organization.customer_ticket(email, PASSWORD))["access_token"]


async def _order(organization: Organization, customer: Any = None, total: int = 1_000) -> Any:
    links = {"customer": to_one("customers", customer["id"])} if customer else {}
    return await organization.create("orders", links, total_amount_cents=total)


async def _source(organization: Organization, order: Any, token: str = "ext-1") -> Any:
    links = {"order": to_one("orders", order["id"])}
    return await organization.create("external_payments", links, payment_source_token=token)


async def _paid_with(organization: Organization, order: Any) -> str | None:
    found = (await organization.get(f"orders/{order['id']}/payment_source")).json()["data"]
    return found and found["id"]


async def _wallet(organization: Organization, customer: Any) -> list[Any]:
    return list((await organization.get(f"customers/{customer['id']}/customer_payment_sources")).json()["data"])


async def _change(organization: Organization, order: Any, /, **triggers: Any) -> Any:
    """A change that succeeds; answers the attributes."""
    answer = await organization.patch("orders", order["id"], triggers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["attributes"]


def _fault(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["source"]["pointer"], error["meta"]["error"]


async def test_a_new_payment_source_is_what_its_order_is_paid_with(organization: Organization) -> None:
    order = await _order(organization)
    assert order["attributes"]["payment_source_details"] is None
    first = await _source(organization, order)
    second = await organization.create("wire_transfers", {"order": to_one("orders", order["id"])})
    assert await _paid_with(organization, order) == second["id"]

    named = {"payment_source": to_one("external_payments", first["id"])}
    changed = await organization.patch("orders", order["id"], {}, named)
    assert changed.json()["data"]["attributes"]["payment_source_details"] == {
        "type": "external_payment",
        "payment_method_id": "ext-1",
    }
    whole = (await organization.get(f"orders/{order['id']}?include=payment_source")).json()
    linked = {"type": "external_payments", "id": first["id"]}
    assert whole["data"]["relationships"]["payment_source"]["data"] == linked
    assert [one["id"] for one in whole["included"]] == [first["id"]]
    other = await _order(organization)
    for asked, expected in (
        (f"filter[payment_source_id]={first['id']}", [order["id"]]),
        (f"filter[q][payment_source_id_not_eq]={first['id']}", []),
        ("filter[q][payment_source_id_null]=true", [other["id"]]),
        ('filter[payment_source_details]={"type":"external_payment"}', [order["id"]]),
    ):
        found = (await organization.get(f"orders?{asked}")).json()["data"]
        assert [one["id"] for one in found] == expected, asked

    await _change(organization, order, _nullify_payment_source=True)
    assert await _paid_with(organization, order) is None
    await _change(organization, order, _fix_payment_source=True)
    assert await _paid_with(organization, order) == second["id"]
    unset = await organization.patch("orders", order["id"], {}, {"payment_source": {"data": None}})
    assert unset.status_code == 200
    assert await _paid_with(organization, order) is None


async def test_an_order_is_not_paid_with_somebody_elses(
    organization: Organization, other_organization: Organization
) -> None:
    customer, _ = await _customer(organization)
    order = await _order(organization, customer)
    strange = await _source(organization, await _order(organization))
    foreign = await _source(other_organization, await _order(other_organization))
    expected = (422, "/data/relationships/payment_source", "required")
    for type_, id_ in (
        ("external_payments", strange["id"]),
        ("external_payments", foreign["id"]),
        ("wire_transfers", strange["id"]),
        ("stripe_payments", strange["id"]),
        ("external_payments", "nonsense"),
    ):
        links = {"payment_source": to_one(type_, id_)}
        assert _fault(await organization.patch("orders", order["id"], {}, links)) == expected, type_
    before = await _source(organization, await _order(organization, customer))
    links = {
        "customer": to_one("customers", customer["id"]),
        "payment_source": to_one("external_payments", before["id"]),
    }
    again = await organization.create("orders", links)
    assert await _paid_with(organization, again) == before["id"]

    someone = await organization.create("customers", email="someone@example.com")
    await organization.patch("orders", again["id"], {}, {"customer": to_one("customers", someone["id"])})
    assert await _paid_with(organization, again) is None  # it was the first customer's
    own = await _source(organization, again)
    await organization.patch("orders", again["id"], {}, {"customer": to_one("customers", customer["id"])})
    assert await _paid_with(organization, again) == own["id"]


async def test_a_customer_pays_with_an_entry_of_the_wallet(organization: Organization) -> None:
    customer, token = await _customer(organization)
    source = await _source(organization, await _order(organization, customer))
    links = {"customer": to_one("customers", customer["id"])}
    entry = await organization.create(
        "customer_payment_sources", links | {"payment_source": to_one("external_payments", source["id"])}
    )
    card = await organization.create("customer_payment_sources", links, payment_source_token="tok_1")
    blank = await organization.create("customer_payment_sources", links)
    stranger = await organization.create("customers", email="stranger@example.com")
    theirs = await organization.create(
        "customer_payment_sources", {"customer": to_one("customers", stranger["id"])}, payment_source_token="tok_2"
    )
    order = await organization.create("orders", token=token)

    offered = await organization.get(f"orders/{order['id']}/available_customer_payment_sources", token=token)
    assert {one["id"] for one in offered.json()["data"]} == {entry["id"], card["id"], blank["id"]}
    included = await organization.get(f"orders/{order['id']}?include=available_customer_payment_sources", token=token)
    assert len(included.json()["included"]) == 3

    name = "_customer_payment_source_id"
    used = await organization.patch("orders", order["id"], {name: entry["id"]}, token=token)
    assert used.status_code == 200, used.text
    assert await _paid_with(organization, order) == source["id"]
    for _ in range(2):  # the second time it is the same payment source
        used = await organization.patch("orders", order["id"], {name: card["id"]}, token=token)
        assert used.json()["data"]["attributes"]["payment_source_details"]["payment_method_id"] == "tok_1"
    made = await organization.get(f"external_payments?filter[order_id]={order['id']}")
    assert made.json()["meta"]["record_count"] == 1

    pointer = f"/data/attributes/{name}"
    for caller in (token, organization.token):
        none = await organization.patch("orders", order["id"], {name: blank["id"]}, token=caller)
        assert _fault(none) == (422, pointer, "invalid")
        for id_ in (theirs["id"], "nonsense"):
            other = await organization.patch("orders", order["id"], {name: id_}, token=caller)
            assert _fault(other) == (422, pointer, "required")
    guest = await organization.guest_token()
    cart = await organization.create("orders", token=guest)
    refused = await organization.patch("orders", cart["id"], {name: card["id"]}, token=guest)
    assert _fault(refused) == (422, pointer, "required")
    hidden = await organization.get(f"orders/{cart['id']}/available_customer_payment_sources", token=guest)
    assert hidden.status_code == 401


async def test_placing_keeps_the_payment_source_once(organization: Organization) -> None:
    customer, _ = await _customer(organization)
    save = "_save_payment_source_to_customer_wallet"
    order = await _order(organization, customer)
    await _source(organization, order)
    await _change(organization, order, **{save: True})
    assert await _wallet(organization, customer) == []  # not before it is placed
    await _change(organization, order, _place=True)
    (entry,) = await _wallet(organization, customer)
    assert entry["attributes"]["payment_source_token"] == "ext-1"
    await _change(organization, order, **{save: True})
    assert [one["id"] for one in await _wallet(organization, customer)] == [entry["id"]]

    second = await _order(organization, customer)
    await _source(organization, second)  # the same token
    await _change(organization, second, _place=True, **{save: True})
    assert len(await _wallet(organization, customer)) == 1
    third = await _order(organization, customer)
    await _change(organization, third, _place=True)
    nothing = await organization.patch("orders", third["id"], {save: True})
    assert _fault(nothing) == (422, "/data/relationships/payment_source", "blank")
    await _source(organization, third, "ext-3")
    await _change(organization, third, **{save: True})
    assert len(await _wallet(organization, customer)) == 2


async def test_a_full_wallet_keeps_nobody_from_ordering(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patron.cards.actions.CARDS_MAX", 0)
    customer, _ = await _customer(organization)
    order = await _order(organization, customer)
    await _source(organization, order)
    save = "_save_payment_source_to_customer_wallet"
    await _change(organization, order, **{save: True})
    assert (await _change(organization, order, _place=True))["status"] == "placed"
    assert await _wallet(organization, customer) == []
    refused = await organization.patch("orders", order["id"], {save: True})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (423, "LOCKED")


async def test_what_was_paid_with_stays(organization: Organization) -> None:
    customer, token = await _customer(organization)
    order = await _order(organization, customer)
    source = await _source(organization, order)
    await _change(organization, order, _place=True)
    mine = await organization.patch("orders", order["id"], {"_nullify_payment_source": True}, token=token)
    assert _fault(mine) == (422, "/data/attributes/status", "not_editable")
    later = await _source(organization, order, "ext-2")  # a placed order may still be paid with another
    await _change(organization, order, _authorize=True)

    for attributes, links in (
        ({"_nullify_payment_source": True}, {}),
        ({}, {"payment_source": to_one("external_payments", source["id"])}),
    ):
        fixed = await organization.patch("orders", order["id"], attributes, links)
        assert _fault(fixed) == (422, "/data/attributes/status", "not_editable")
    moved = await organization.patch(
        "external_payments", later["id"], {}, {"order": to_one("orders", (await _order(organization))["id"])}
    )
    assert _fault(moved) == (422, "/data/relationships/order", "not_editable")
    kept = await organization.call("DELETE", f"external_payments/{later['id']}")
    assert kept.status_code == 423
    assert (await organization.call("DELETE", f"external_payments/{source['id']}")).status_code == 204
    assert await _paid_with(organization, order) == later["id"]


async def test_a_payment_source_moves_with_its_order(organization: Organization) -> None:
    order, other = await _order(organization), await _order(organization)
    source = await _source(organization, order)
    moved = await organization.patch("external_payments", source["id"], {}, {"order": to_one("orders", other["id"])})
    assert moved.status_code == 200, moved.text
    assert [await _paid_with(organization, one) for one in (order, other)] == [None, source["id"]]
    assert (await organization.call("DELETE", f"external_payments/{source['id']}")).status_code == 204
    assert await _paid_with(organization, other) is None
    gone = await _source(organization, other)
    assert (await organization.call("DELETE", f"orders/{other['id']}")).status_code == 204
    assert (await organization.get(f"external_payments/{gone['id']}")).status_code == 404


async def test_an_order_stays_while_its_payment_source_pays_another(organization: Organization) -> None:
    customer, _ = await _customer(organization)
    first, second = await _order(organization, customer), await _order(organization, customer)
    source = await _source(organization, first)
    await organization.patch("orders", second["id"], {}, {"payment_source": to_one("external_payments", source["id"])})
    kept = await organization.call("DELETE", f"orders/{first['id']}")
    assert (kept.status_code, kept.json()["errors"][0]["code"]) == (423, "LOCKED")
    assert (await organization.call("DELETE", f"orders/{second['id']}")).status_code == 204
    assert (await organization.call("DELETE", f"orders/{first['id']}")).status_code == 204


async def test_a_part_of_the_total_is_authorized(organization: Organization) -> None:
    customer, _ = await _customer(organization)
    order = await _order(organization, customer)
    await _change(organization, order, _place=True)
    name = "_authorization_amount_cents"
    for wrong in (-1, 1_001):
        refused = await organization.patch("orders", order["id"], {name: wrong})
        assert _fault(refused) == (422, f"/data/attributes/{name}", "less_than_or_equal_to")
    assert (await _change(organization, order, **{name: 400}))["payment_status"] == "unpaid"
    assert (await _change(organization, order, _authorize=True))["payment_status"] == "partially_authorized"
    assert (await _change(organization, order, _capture=True))["payment_status"] == "partially_paid"
    whole = await _order(organization, customer)
    await _change(organization, whole, _place=True)
    assert (await _change(organization, whole, _authorize=True, **{name: 1_000}))["payment_status"] == "authorized"


async def test_triggers_without_a_catalogue_are_taken(organization: Organization) -> None:
    order = await _order(organization)
    refused = await organization.patch("orders", order["id"], {"_validate": True})
    assert _fault(refused) == (422, "/data/relationships/customer", "blank")
    assert (await _change(organization, order, _refresh=True))["refreshed_at"] is not None
    listed = await organization.get("orders?filter[q][refreshed_at_null]=false&sort=-refreshed_at")
    assert [one["id"] for one in listed.json()["data"]] == [order["id"]]
    idle = ("_update_taxes", "_commit_invoice", "_refund_invoice", "_create_subscriptions", "_reset_circuit")
    guest = await organization.guest_token()
    cart = await organization.create("orders", token=guest)
    for name in (*idle, "_refresh_prices", "_fix_payment_source"):
        await _change(organization, order, **{name: True})
        answer = await organization.patch("orders", cart["id"], {name: True}, token=guest)
        is_for_staff = name in ("_reset_circuit", "_refresh_prices", "_fix_payment_source")
        assert answer.status_code == (401 if is_for_staff else 200), name
    for name, value in (("number", "7"), ("expires_at", "2030-01-01T00:00:00Z"), ("expiration_info", {"a": 1})):
        assert (await organization.patch("orders", cart["id"], {name: value}, token=guest)).status_code == 401
        assert (await organization.patch("orders", cart["id"], {name: value})).status_code == 200


async def test_a_payment_method_is_nothing_that_there_is(organization: Organization) -> None:
    order = await _order(organization)
    made = await organization.patch("orders", order["id"], {}, {"payment_method": {"data": None}})
    assert made.status_code == 200
    refused = await organization.patch(
        "orders", order["id"], {}, {"payment_method": to_one("payment_methods", "x" * 12)}
    )
    assert _fault(refused) == (422, "/data/relationships/payment_method", "required")
