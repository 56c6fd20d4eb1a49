"""Where an order is sent and billed to: an address of its own, a copy of another, or one that goes into the book."""

from collections.abc import Mapping
from typing import Literal

from patron.contacts import places
from patron.customers import address_book
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound
from patron.orders.model import Order
from patron.orders.rows import lock, write

Which = Literal["shipping", "billing"]
OTHER: dict[Which, Which] = {"shipping": "billing", "billing": "shipping"}


async def put(ctx: Ctx, order_id: int, given: Mapping[Which, int | None]) -> None:
    """Say where the order goes; None for nowhere. Raises NotFound, and Invalid for an address out of reach."""
    order = await lock(ctx, order_id)
    _check_open(order)
    for which, address_id in given.items():
        if address_id is not None:
            await _check(ctx, address_id, f"{which}_address")
    await _write(ctx, order, given)


async def clone(ctx: Ctx, order_id: int, which: Which, address_id: int) -> None:
    """Give the order a copy of an address. Raises NotFound, and Invalid for an address out of reach."""
    order = await lock(ctx, order_id)
    _check_open(order)
    field = f"{which}_address_clone_id"
    await _check(ctx, address_id, field)
    await _write(ctx, order, {which: await places.copy(ctx, address_id)})


async def same(ctx: Ctx, order_id: int, which: Which) -> None:
    """Let one be like the other. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    _check_open(order)
    await _write(ctx, order, {which: _address(order, OTHER[which])})


async def save(ctx: Ctx, order_id: int, which: Which) -> None:
    """Put the order's address into its customer's book. Raises NotFound, Invalid."""
    order = await lock(ctx, order_id)
    address_id = _address(order, which)
    if order.account_id is None or address_id is None:
        raise Invalid.field(f"{which}_address", "can't be blank", "missing")
    await address_book.save(ctx, order.account_id, address_id)


async def _check(ctx: Ctx, address_id: int, field: str) -> None:
    await address_book.check_reach(ctx, address_id, field=field)
    try:
        await places.lock(ctx, address_id)
    except NotFound:
        raise Invalid.field(field, "must exist", "required") from None


def _address(order: Order, which: Which) -> int | None:
    return order.shipping_address_id if which == "shipping" else order.billing_address_id


def _check_open(order: Order) -> None:
    if not order.is_open:
        raise Invalid.field("status", "does not allow another address", "not_editable")


async def _write(ctx: Ctx, order: Order, given: Mapping[Which, int | None]) -> None:
    await write(ctx, order.id, {f"{which}_address_id": number for which, number in given.items()})
    await events.record(ctx, "order.updated", account_id=order.account_id, subject=f"order/{order.id}")
