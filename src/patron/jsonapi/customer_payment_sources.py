"""The wallet: cards, as this dialect shows them (Commerce Layer behaviour 6)."""

from typing import Any

from patron.cards import wallet
from patron.cards.records import WALLET as LISTING
from patron.jsonapi.payment_sources import EVERY_TYPE, TYPES, named
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common
from patron.kernel.context import Ctx


def _given(change: Change) -> dict[str, Any]:
    return {("token" if name == "payment_source_token" else name): value for name, value in change.attributes.items()}


async def create(ctx: Ctx, change: Change) -> int:
    """An entry in a customer's wallet."""
    return await wallet.create(ctx, change.relationships["customer"], named(change), _given(change))


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    given = _given(change)
    if "payment_source" in change.relationships:
        given["payment_source"] = named(change)
    await wallet.update(ctx, number, given, account_id=change.relationships.get("customer"), expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Forget one."""
    await wallet.delete(ctx, number, expect=expect)


CUSTOMER_PAYMENT_SOURCES = Resource(
    type="customer_payment_sources",
    listing=LISTING,
    attributes=(
        Attribute(name="name", column="name", field="name"),
        Attribute(name="customer_token", column="customer_token", write="cu"),
        Attribute(name="payment_source_token", column="token", field="token", write="cu"),
        *common(),
    ),
    relationships=(
        Relationship(
            name="customer", targets=("customers",), own="account_id", filters=True, write="cu", required=True
        ),
        Relationship(name="payment_method", targets=("payment_methods",), filters=True, write="cu"),
        Relationship(
            name="payment_source", targets=EVERY_TYPE, own="payment_source_id", kind="payment_source_kind", types=TYPES,
            write="cu",
        ),
        EVENT_STORES,
    ),
    create=create,
    update=update,
    delete=delete,
    customer="LSUD",
    owner="account_id",
    error_names={"id": "payment_source_token", "token": "payment_source_token"},
)  # fmt: skip
