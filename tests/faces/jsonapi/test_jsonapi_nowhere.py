"""Relationships that lead nowhere: filters take them, and nothing is behind them; they can be set to nothing only."""

import pytest

from organizations import Organization, to_one


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ("filter[line_items_id]=abc", False),
        ("filter[line_items_sku_code]=SHIRT", False),
        ("filter[q][line_items_id_eq]=abc", False),
        ("filter[q][line_items_id_null]=true", True),
        ("filter[q][line_items_id_null]=false", False),
        ("filter[q][line_items_id_not_eq]=abc", False),
        ("filter[q][line_items_id_not_eq_or_null]=abc", True),
        ("filter[q][line_items_quantity_gt]=1", False),
        ("filter[q][line_items_quantity_in]=1,2", False),
        ("filter[q][line_items_item_code_cont]=SHIRT", False),
        ("filter[q][line_items_sku_code_blank]=true", True),
        ("filter[q][line_items_sku_code_present]=true", False),
        ("filter[q][line_items_created_at_lteq]=2030-01-01", False),
        ('filter[q][line_items_metadata_jcont]={"a":1}', False),
        ("filter[q][payment_method_moto_true]=true", False),
        ("filter[q][payment_method_moto_false]=false", True),
        ("filter[q][payment_method_id_null]=true", True),
        ("filter[q][line_items_sku_code_or_currency_code_eq]=USD", True),
        ("filter[q][currency_code_or_line_items_sku_code_eq]=USD", True),
        ("filter[q][line_items_sku_code_and_currency_code_eq]=USD", False),
        ("filter[q][order_subscription_frequency_eq]=weekly", False),
        ("filter[q][order_subscription_customer_email_null]=true", True),
        ("filter[q][returns_stock_location_name_null]=true", True),
        ("filter[q][returns_stock_location_name_eq]=1", False),
    ],
)
async def test_what_is_not_kept_is_null_to_filters(organization: Organization, asked: str, finds: bool) -> None:
    order = await organization.create("orders", currency_code="USD")
    answer = await organization.get(f"orders?{asked}")
    assert answer.status_code == 200, answer.text
    assert [one["id"] for one in answer.json()["data"]] == ([order["id"]] if finds else [])


@pytest.mark.parametrize(
    "name",
    [
        "filter[shipments_count]=1",  # an attribute that nobody filters by, and not what shipments have
        "filter[q][shipments_count_eq]=1",
        "filter[q][line_items_quantity_like]=1",
        "filter[q][line_items__eq]=1",
        "filter[order_subscription_nonsense]=1",
        "filter[payment_source_token]=1",
        "filter[order_factories_id]=1",
        "filter[available_free_skus_id]=1",
    ],
)
async def test_other_names_are_refused(organization: Organization, name: str) -> None:
    answer = await organization.get(f"orders?{name}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "FILTER_NOT_ALLOWED")


async def test_virtual_relationships_have_routes_and_are_empty(organization: Organization) -> None:
    order = await organization.create("orders")
    names = ("available_payment_methods", "available_free_skus", "available_free_bundles")
    for name in names:
        assert (await organization.get(f"orders/{order['id']}/{name}")).json()["data"] == []
    for name in ("default_payment_method", "default_shipping_method"):
        assert (await organization.get(f"orders/{order['id']}/{name}")).json()["data"] is None
    whole = await organization.get(f"orders/{order['id']}?include={','.join(names)},default_payment_method")
    linked = whole.json()["data"]["relationships"]
    assert [linked[name]["data"] for name in (*names, "default_payment_method")] == [[], [], [], None]


async def test_they_are_set_to_nothing_only(organization: Organization) -> None:
    made = await organization.create("orders", {"payment_method": {"data": None}}, customer_email="a@example.com")
    await organization.patch("orders", made["id"], {"_place": True})
    links = {"order": to_one("orders", made["id"]), "stock_location": {"data": None}}
    returned = await organization.create("returns", links)
    for type_, id_, name, target in (
        ("orders", made["id"], "payment_method", "payment_methods"),
        ("returns", returned["id"], "stock_location", "stock_locations"),
        ("returns", returned["id"], "reference_capture", "captures"),
    ):
        unset = await organization.patch(type_, id_, {}, {name: {"data": None}})
        assert unset.status_code == 200, unset.text
        refused = await organization.patch(type_, id_, {}, {name: to_one(target, "x" * 12)})
        assert refused.status_code == 422
        error = refused.json()["errors"][0]
        assert error["source"] == {"pointer": f"/data/relationships/{name}"}
        wrong = await organization.patch(type_, id_, {}, {name: to_one("customers", "x" * 12)})
        assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "TYPE_MISMATCH")
