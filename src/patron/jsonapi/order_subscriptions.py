"""Order subscriptions: orders that come again (Commerce Layer behaviour 6). Patron keeps them; it makes no orders."""

from typing import Any

from patron.jsonapi import tags
from patron.jsonapi.events import events_of
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common, elsewhere
from patron.kernel.context import Ctx
from patron.orders import subscriptions
from patron.orders.records import ORDER_SUBSCRIPTIONS as LISTING

_COLUMNS = {
    "activate_by_source_order": "activates_by_order",
    "place_target_order": "places_order",
    "renewal_alert_period": "renewal_alert_hours",
}
# With what stands for null; the others are told as they are.
_DEFAULTS: dict[str, Any] = {"activates_by_order": True, "places_order": True, "renewal_alert_hours": 1}
_STATUS = ("draft", "inactive", "active", "running", "cancelled")


def _values(change: Change) -> dict[str, Any]:
    values = {_COLUMNS.get(name, name): value for name, value in change.attributes.items()}
    return {name: _DEFAULTS[name] if value is None and name in _DEFAULTS else value for name, value in values.items()}


async def create(ctx: Ctx, change: Change) -> int:
    """A subscription of an order."""
    values = {name: value for name, value in _values(change).items() if value is not None}
    if change.relationships.get("market") is not None:
        values["site_id"] = change.relationships["market"]
    number = await subscriptions.create(ctx, change.relationships["source_order"], values)
    await tags.put(ctx, change, "order_subscription", number, subscriptions.touch)
    return number


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given, then take the steps that are asked for."""
    values = _values(change)
    if "customer_payment_source" in change.relationships:
        values["wallet_entry"] = change.relationships["customer_payment_source"]
    await subscriptions.update(ctx, number, values, expect=change.expect)
    for step in subscriptions.STEPS:
        if change.triggers.get(f"_{step}"):
            await subscriptions.take(ctx, number, step)
    await tags.put(ctx, change, "order_subscription", number, subscriptions.touch)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that does not run."""
    await subscriptions.delete(ctx, number, expect=expect)


def _time(name: str, write: str) -> Attribute:
    return Attribute(name=name, kind="date-time", column=name, field=name, sorts=True, write=write)


ORDER_SUBSCRIPTIONS = Resource(
    type="order_subscriptions",
    listing=LISTING,
    attributes=(
        Attribute(name="number", column="number", field="number", sorts=True),
        Attribute(name="status", column="status", field="status", sorts=True, enum=_STATUS),
        Attribute(name="frequency", column="frequency", field="frequency", sorts=True, write="cu", required=True),
        Attribute(name="activate_by_source_order", kind="boolean", column="activates_by_order", write="cu"),
        Attribute(name="place_target_order", kind="boolean", column="places_order", write="cu"),
        Attribute(name="renewal_alert_period", kind="integer", column="renewal_alert_hours", write="cu"),
        Attribute(name="customer_email", column="email", field="email"),
        _time("starts_at", "c"),
        _time("expires_at", "cu"),
        Attribute(name="last_run_at", kind="date-time", column="never", field="never", sorts=True),
        _time("next_run_at", "u"),
        Attribute(name="occurrencies", kind="integer", column="zero", field="zero", sorts=True),
        Attribute(name="errors_count", kind="integer", column="zero", field="zero", sorts=True),
        Attribute(name="succeeded_on_last_run", kind="boolean", column="unknown", field="unknown", sorts=True),
        Attribute(name="options", kind="object", column="options", write="cu"),
        *common(),
    ),
    triggers=(
        *tuple(Attribute(name=f"_{step}", kind="boolean", write="u") for step in (*subscriptions.STEPS, "convert")),
        *tags.TRIGGERS,
    ),
    relationships=(
        Relationship(name="market", targets=("markets",), own="site_id", filters=True, write="c"),
        elsewhere("subscription_model", "subscription_models", to_many=False, filters=True),
        Relationship(
            name="source_order", targets=("orders",), own="source_order_id", filters=True, write="c", required=True
        ),
        Relationship(name="customer", targets=("customers",), own="account_id", filters=True),
        Relationship(
            name="customer_payment_source",
            targets=("customer_payment_sources",),
            own="wallet_entry",
            filters=True,
            write="u",
        ),
        *(
            elsewhere(name)
            for name in (
                "order_subscription_items",
                "order_factories",
                "order_copies",
                "recurring_order_copies",
                "orders",
            )
        ),
        events_of("order_subscriptions", "order_subscription"),
        tags.tags_of("order_subscription"),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    customer="LSU",
    owner="account_id",
    error_names={"renewal_alert_hours": "renewal_alert_period", "site_id": "market"},
)
