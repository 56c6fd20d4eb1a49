"""Changes of subscriptions. Each raises the version of its customer, and a customer has one of a name."""

from collections.abc import Mapping
from typing import Any

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.accounts.holding import hold_customer
from patron.customers import writing
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Faults, Invalid, NotFound, Retry, Taken, check_version
from patron.kernel.values import check_email
from patron.kernel.written import REFERENCES, Text, checked

_TEXTS = {**REFERENCES, "reference": Text(200, required=True)}


async def create(ctx: Ctx, given: Mapping[str, Any], account_id: int | None = None) -> int:
    """A subscription of a customer, or of the one with an e-mail address (`customer_email`), who is made if need be.

    Raises Invalid, or Taken for a name to which the customer has subscribed already.
    """
    values, email = _checked_new(given, has_customer=account_id is not None)
    if account_id is None:
        account_id = await _customer(ctx, email)
    else:
        await hold_customer(ctx, account_id)
    await accounts.raise_version(ctx, account_id)
    places = ", ".join(f"${n}" for n in range(4, len(values) + 4))
    number = await ctx.db.value(
        f"""
        insert into customer_subscription (tenant_id, account_id, created_at, updated_at, {", ".join(values)})
        values ($1, $2, $3, $3, {places}) returning id
        """,
        ctx.tenant_id,
        account_id,
        ctx.now,
        *values.values(),
    )
    changes: events.Changes = {f"subscription/{number}/reference": (None, values["reference"])}
    await _record(ctx, "subscription.created", account_id, number, changes)
    return int(number)


async def _customer(ctx: Ctx, email: str) -> int:
    found = await account_queries.holder(ctx, email)
    if found is not None:
        return found
    try:
        return await writing.create(ctx, {"email": email}, None, None)
    except Taken:
        raise Retry from None  # somebody else has made the customer since


def _checked_new(given: Mapping[str, Any], *, has_customer: bool) -> tuple[dict[str, Any], str]:
    """The values of a new one, and the e-mail address that a customer is known by. Raises Invalid with every fault."""
    faults, values, email = Faults(), {}, (given.get("customer_email") or "").strip()
    with faults.of():
        values = checked(given, _TEXTS, is_new=True)
    with faults.of():
        if not has_customer:
            _check_address(email)
    faults.tell()
    return values, email


def _check_address(email: str) -> None:
    if not email:
        raise Invalid.field("customer_email", "can't be blank", "missing")
    try:
        check_email(email)
    except ValueError:
        raise Invalid.field("customer_email", "is invalid", "invalid") from None


async def update(ctx: Ctx, number: int, given: Mapping[str, Any], *, expect: frozenset[int] | None = None) -> None:
    """Change what is given. Raises NotFound, Stale, Invalid, Taken."""
    before = await _lock(ctx, number, expect)
    values = checked(given, _TEXTS, is_new=False)
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(changed, start=4))
    await ctx.db.execute(
        f"""
        update customer_subscription set version = version + 1, updated_at = $3, {places}
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        number,
        ctx.now,
        *changed.values(),
    )
    await accounts.raise_version(ctx, before["account_id"])
    changes: events.Changes = {
        f"subscription/{number}/{name}": (before[name], value) for name, value in changed.items()
    }
    await _record(ctx, "subscription.updated", before["account_id"], number, changes)


async def delete(ctx: Ctx, number: int, *, expect: frozenset[int] | None = None) -> None:
    """End a subscription. Raises NotFound, Stale."""
    before = await _lock(ctx, number, expect)
    await ctx.db.execute("delete from customer_subscription where tenant_id = $1 and id = $2", ctx.tenant_id, number)
    await accounts.raise_version(ctx, before["account_id"])
    changes: events.Changes = {f"subscription/{number}/reference": (before["reference"], None)}
    await _record(ctx, "subscription.deleted", before["account_id"], number, changes)


async def _lock(ctx: Ctx, number: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select n.version, n.account_id, n.reference, n.reference_origin, n.metadata from customer_subscription n
        where n.tenant_id = $1 and n.id = $2 for update
        """,
        ctx.tenant_id,
        number,
    )
    if row is None:
        raise NotFound("subscription", number)
    check_version(row["version"], expect)
    return row


async def _record(ctx: Ctx, topic: str, account_id: int, number: int, changes: events.Changes) -> None:
    await events.record(ctx, topic, account_id=account_id, subject=f"subscription/{number}", changes=changes)
