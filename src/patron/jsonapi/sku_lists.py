"""Lists of SKUs and their items (Commerce Layer behaviour 6). There is no catalogue here: codes are what counts."""

from patron.jsonapi.attachments import attachments_of
from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Relationship,
    Resource,
    common,
    elsewhere,
    text,
)
from patron.kernel.context import Ctx
from patron.kernel.query import Compare
from patron.sku_lists import actions, items
from patron.sku_lists.records import SKU_LIST_ITEMS as ITEMS
from patron.sku_lists.records import SKU_LISTS as LISTS

# Sales channels reach lists that are nobody's by their id, and a customer who has signed in their own.
_NOBODYS = dict.fromkeys("SUD", Compare("account_id", "eq", None))


async def create(ctx: Ctx, change: Change) -> int:
    """A list; a customer's own where a customer makes it and does not say otherwise."""
    account_id = change.relationships.get("customer", ctx.actor.account_id)
    return await actions.create(ctx, account_id, change.attributes)


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    given = change.attributes
    if "customer" in change.relationships:
        given = {**given, "account_id": change.relationships["customer"]}
    await actions.update(ctx, number, given, expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one with its items."""
    await actions.delete(ctx, number, expect=expect)


async def create_item(ctx: Ctx, change: Change) -> int:
    """An item of a list."""
    return await items.create(ctx, change.relationships.get("sku_list"), change.attributes)


async def update_item(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await items.update(ctx, number, change.attributes, expect=change.expect)


async def delete_item(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Take one off its list."""
    await items.delete(ctx, number, expect=expect)


SKU_LISTS = Resource(
    type="sku_lists",
    listing=LISTS,
    attributes=(
        text("name", required=True),
        text("slug", write=""),
        Attribute(name="description", column="description", field="description", write="cu"),
        Attribute(name="image_url", column="image_url", field="image_url", write="cu"),
        Attribute(name="manual", kind="boolean", column="manual", field="manual", sorts=True, write="cu"),
        Attribute(name="sku_code_regex", column="sku_code_regex", write="cu"),
        *common(),
    ),
    scopes=(Attribute(name="sku_code", field="sku_code"),),
    relationships=(
        Relationship(name="customer", targets=("customers",), own="account_id", filters=True, write="cu"),
        Relationship(name="skus", targets=("skus",), to_many=True, is_virtual=True),
        Relationship(name="sku_list_items", targets=("sku_list_items",), to_many=True, key="sku_list_id", filters=True),
        elsewhere("bundles"),
        attachments_of("sku_list"),
        elsewhere("links", filters=True),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    guest="CSUD",
    customer="CSUD",
    owner="account_id",
    guest_reach=_NOBODYS,
    error_names={"account_id": "customer"},
)

SKU_LIST_ITEMS = Resource(
    type="sku_list_items",
    listing=ITEMS,
    attributes=(
        Attribute(name="position", kind="integer", column="position", field="position", sorts=True, write="cu"),
        Attribute(name="sku_code", column="sku_code", write="cu"),
        Attribute(name="quantity", kind="integer", column="quantity", field="quantity", sorts=True, write="cu"),
        *common(),
    ),
    relationships=(
        Relationship(
            name="sku_list", targets=("sku_lists",), own="sku_list_id", filters=True, write="c", required=True
        ),
        Relationship(name="sku", targets=("skus",), filters=True, write="c", required=True, instead="sku_code"),
        EVENT_STORES,
    ),
    create=create_item,
    update=update_item,
    delete=delete_item,
    guest="CSUD",
    customer="CSUD",
    owner="account_id",
    guest_reach=_NOBODYS,
)
