"""Customer subscriptions: to what a customer has subscribed, by its name (Commerce Layer behaviour 6)."""

import msgspec

from patron.jsonapi.events import events_of
from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Relationship,
    Resource,
    common,
)
from patron.kernel.context import Ctx
from patron.subscriptions import actions
from patron.subscriptions.records import SUBSCRIPTIONS as LISTING


async def create(ctx: Ctx, change: Change) -> int:
    """A subscription of the customer with this e-mail address, who is made if need be; rows may name one by id."""
    return await actions.create(ctx, change.attributes, change.relationships.get("customer"))


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await actions.update(ctx, number, change.attributes, expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """End one."""
    await actions.delete(ctx, number, expect=expect)


CUSTOMER_SUBSCRIPTIONS = Resource(
    type="customer_subscriptions",
    listing=LISTING,
    attributes=(
        Attribute(name="customer_email", column="customer_email", write="c", required=True),
        *(msgspec.structs.replace(one, required=one.name == "reference") for one in common()),
    ),
    relationships=(
        Relationship(name="customer", targets=("customers",), own="account_id", filters=True, write="i"),
        events_of("customer_subscriptions", "subscription"),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    tells_missing=True,
    guest="CSUD",
    customer="L",
    owner="account_id",
)
