"""Definitions of orders' attributes through the Kibo face: what they have beyond those of accounts."""

from typing import Any

import pytest

from attribute_samples import B2B_DEFINITIONS, ORDER_DEFINITIONS, body, define
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"
ONE = f"{ORDER_DEFINITIONS}/tenant~color"

ENTITIES = [{"entityType": "Order", "editable": True}, {"entityType": "Return", "editable": False}]
INHERITANCE = [
    {"sourceEntityType": "Order", "targetEntityType": "Return", "inheritanceMode": "Copy"},
    {"sourceEntityType": "Quote", "targetEntityType": "Order", "inheritanceMode": None},
]


def bare(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries without what the server adds."""
    return [{name: one for name, one in entry.items() if name not in ("id", "auditInfo")} for entry in entries]


async def test_what_only_orders_have_is_kept(shop: Shop) -> None:
    (made,) = await define(
        shop,
        body(availableInRules=True, entityConfigs=ENTITIES, inheritanceRules=INHERITANCE),
        path=ORDER_DEFINITIONS,
    )

    assert (await shop.get(ONE)).json() == made
    assert made["availableInRules"] is True
    assert bare(made["entityConfigs"]) == ENTITIES
    assert bare(made["inheritanceRules"]) == INHERITANCE
    assert [one["id"] for one in made["entityConfigs"]] == [one["id"] for one in made["inheritanceRules"]] == [1, 2]
    assert {str(one["auditInfo"]) for one in made["entityConfigs"]} == {str(made["auditInfo"])}


async def test_what_is_left_out_is_no_and_none(shop: Shop) -> None:
    (made,) = await define(shop, body(), path=ORDER_DEFINITIONS)

    assert (made["availableInRules"], made["entityConfigs"], made["inheritanceRules"]) == (False, [], [])


async def test_accounts_know_nothing_of_it(shop: Shop) -> None:
    (made,) = await define(shop, body(entityConfigs=ENTITIES, availableInRules=True), path=B2B_DEFINITIONS)

    assert {"availableInRules", "entityConfigs", "inheritanceRules"}.isdisjoint(made)


async def test_put_replaces_the_entries_and_those_that_stay_keep_their_ids(shop: Shop) -> None:
    await define(shop, body(entityConfigs=ENTITIES, inheritanceRules=INHERITANCE), path=ORDER_DEFINITIONS)
    entities = [{"entityType": "Shipment"}, {"entityType": "RETURN", "editable": True, "id": 77}]

    after = (await shop.put(ONE, body(entityConfigs=entities))).json()

    assert [(one["id"], one["entityType"], one["editable"]) for one in after["entityConfigs"]] == [
        (3, "Shipment", False),
        (2, "RETURN", True),
    ]
    assert after["inheritanceRules"] == []
    again = (await shop.put(ONE, after)).json()
    assert bare(again["entityConfigs"]) == bare(after["entityConfigs"])


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"entityConfigs": [{"editable": True}]}, "entityConfigs"),
        ({"entityConfigs": [{"entityType": " "}]}, "entityConfigs"),
        ({"entityConfigs": [{"entityType": "x" * 51}]}, "entityConfigs"),
        ({"entityConfigs": [{"entityType": "Order"}, {"entityType": "order"}]}, "entityConfigs"),
        ({"entityConfigs": [{"entityType": f"Kind {n}"} for n in range(51)]}, "entityConfigs"),
        ({"entityConfigs": [{"entityType": 7}]}, "entityConfigs[0].entityType"),
        ({"entityConfigs": "Order"}, "entityConfigs"),
        ({"inheritanceRules": [{"sourceEntityType": "Order"}]}, "inheritanceRules"),
        ({"inheritanceRules": [{"sourceEntityType": "Order", "targetEntityType": "x" * 51}]}, "inheritanceRules"),
        ({"inheritanceRules": [{**INHERITANCE[0], "inheritanceMode": "x" * 51}]}, "inheritanceRules"),
        ({"inheritanceRules": [INHERITANCE[0], INHERITANCE[0]]}, "inheritanceRules"),
        ({"availableInRules": "yes"}, "availableInRules"),
    ],
)
async def test_a_wrong_entry_is_named(shop: Shop, fields: dict[str, Any], parameter: str) -> None:
    assert fault(await shop.post(ORDER_DEFINITIONS, body(**fields))) == (400, INVALID, parameter)
    assert (await shop.get(ORDER_DEFINITIONS)).json()["totalCount"] == 0


async def test_what_rules_may_use_is_found(shop: Shop) -> None:
    await define(shop, body("color", availableInRules=True), body("size"), path=ORDER_DEFINITIONS)

    found = await shop.get(ORDER_DEFINITIONS, params={"filter": "availableInRules eq true"})

    assert [one["attributeCode"] for one in found.json()["items"]] == ["color"]
    assert fault(await shop.get(B2B_DEFINITIONS, params={"filter": "availableInRules eq true"}))[2] == "filter"


async def test_accounts_neither_have_nor_are_found_by_what_is_defined_for_orders(shop: Shop) -> None:
    await define(shop, body(), path=ORDER_DEFINITIONS)
    account = await shop.account()

    value = {"fullyQualifiedName": "tenant~color", "values": ["red"]}
    assert fault(await shop.post(f"{ACCOUNTS}/{account['id']}/attributes", value))[:2] == (404, "ITEM_NOT_FOUND")
    found = await shop.get(ACCOUNTS, params={"filter": "attributes.tenant~color eq red"})
    assert fault(found) == (400, INVALID, "filter")


async def test_changes_are_recorded(shop: Shop, database: Database) -> None:
    await define(shop, body(), path=ORDER_DEFINITIONS)
    await shop.put(ONE, body(availableInRules=True))

    rows = await database.session().fetch(
        "select topic, subject, changes from event where tenant_id = $1 order by id", shop.tenant_id
    )

    assert [(row["topic"], row["subject"]) for row in rows] == [
        ("definition.created", "definition/order/tenant~color"),
        ("definition.updated", "definition/order/tenant~color"),
    ]
    assert rows[1]["changes"] == {"for_rules": [False, True]}
