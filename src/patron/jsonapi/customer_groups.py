"""Customer groups: segments of which a customer is in one at most (Commerce Layer behaviour 6)."""

import msgspec

from patron.jsonapi.attachments import attachments_of
from patron.jsonapi.resources import EVENT_STORES, Change, Relationship, Resource, common, text
from patron.kernel.context import Ctx
from patron.segments import groups
from patron.segments.groups import Group
from patron.segments.records import GROUPS as LISTING


async def create(ctx: Ctx, change: Change) -> int:
    """A group without customers."""
    return await groups.create(ctx, msgspec.convert(change.attributes, Group))


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await groups.update(ctx, number, msgspec.convert(change.attributes, Group), expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that nobody is in."""
    await groups.delete(ctx, number, expect=expect)


CUSTOMER_GROUPS = Resource(
    type="customer_groups",
    listing=LISTING,
    attributes=(text("name", required=True), text("code"), *common()),
    relationships=(
        Relationship(name="customers", targets=("customers",), to_many=True, key="group_id"),
        Relationship(name="markets", targets=("markets",), to_many=True, key="group_id"),
        attachments_of("segment"),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
)
