"""Changes of attachments."""

from collections.abc import Mapping
from typing import Any

from patron.attachments.owners import Owner, hold
from patron.kernel import events, written
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import NotFound, check_version
from patron.kernel.written import Text

_TEXTS = {
    "name": Text(255, required=True, free=True),
    "description": Text(10_000, free=True),
    "url": Text(2_000),
    **written.REFERENCES,
}
_TOLD = ("name", "description", "url")


async def create(ctx: Ctx, owner: Owner | None, given: Mapping[str, Any]) -> int:
    """A new attachment of a record. Raises Invalid."""
    values = written.checked(given, _TEXTS, is_new=True)
    owner = await hold(ctx, owner)
    places = ", ".join(f"${n}" for n in range(5, len(values) + 5))
    attachment_id = await ctx.db.value(
        f"""
        insert into attachment (tenant_id, created_at, updated_at, owner_kind, owner_id, {", ".join(values)})
        values ($1, $2, $2, $3, $4, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        owner.kind,
        owner.id,
        *values.values(),
    )
    changes: events.Changes = {name: (None, values[name]) for name in _TOLD if values.get(name)}
    await _record(ctx, "attachment.created", owner, attachment_id, changes)
    return int(attachment_id)


async def update(
    ctx: Ctx,
    attachment_id: int,
    given: Mapping[str, Any],
    *,
    owner: Owner | None = None,
    expect: frozenset[int] | None = None,
) -> None:
    """Change what is given; `owner` is another record that it is to hang on. Raises NotFound, Stale, Invalid."""
    before = await _lock(ctx, attachment_id, expect)
    values = written.checked(given, _TEXTS, is_new=False)
    if owner is not None:
        await hold(ctx, owner)
        values |= {"owner_kind": owner.kind, "owner_id": owner.id}
    changes: events.Changes = {name: (before[name], value) for name, value in values.items() if before[name] != value}
    if not changes:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update attachment set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        attachment_id,
        ctx.now,
        *values.values(),
    )
    await _record(ctx, "attachment.updated", owner or _owner(before), attachment_id, changes)


async def delete(ctx: Ctx, attachment_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove an attachment. Raises NotFound, Stale."""
    before = await _lock(ctx, attachment_id, expect)
    await ctx.db.execute("delete from attachment where tenant_id = $1 and id = $2", ctx.tenant_id, attachment_id)
    changes: events.Changes = {name: (before[name], None) for name in _TOLD if before[name]}
    await _record(ctx, "attachment.deleted", _owner(before), attachment_id, changes)


async def _lock(ctx: Ctx, attachment_id: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select n.version, n.owner_kind, n.owner_id, n.name, n.description, n.url, n.reference, n.reference_origin,
               n.metadata
        from attachment n where n.tenant_id = $1 and n.id = $2 for update
        """,
        ctx.tenant_id,
        attachment_id,
    )
    if row is None:
        raise NotFound("attachment", attachment_id)
    check_version(row["version"], expect)
    return row


def _owner(row: Row) -> Owner:
    return Owner(row["owner_kind"], row["owner_id"])


async def _record(ctx: Ctx, topic: str, owner: Owner, attachment_id: int, changes: events.Changes) -> None:
    """Tell of a change; of a customer's, in the customer's own log."""
    subject = f"attachment/{attachment_id}"
    named = {f"{subject}/{name}": change for name, change in changes.items()}
    await events.record(ctx, topic, account_id=owner.account_id, subject=subject, changes=named)
