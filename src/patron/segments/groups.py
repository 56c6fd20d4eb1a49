"""Customer groups: segments of kind group, of which an account is in one at most."""

from typing import Any

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.written import check_length
from patron.segments import actions
from patron.segments.model import Details, Segment, checked
from patron.segments.queries import COLUMNS

_LENGTHS = {"reference": 200, "reference_origin": 200}
# The version is raised by whatever changes it; the row says so at once.
_GROUP = "s.tenant_id = $1 and s.id = $2 and s.kind = 'group'"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group as a caller wrote it: what is UNSET stays as it is."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    code: str | msgspec.UnsetType | None = msgspec.UNSET
    reference: str | msgspec.UnsetType | None = msgspec.UNSET
    reference_origin: str | msgspec.UnsetType | None = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


async def create(ctx: Ctx, given: Group) -> int:
    """A new group without members. Without a code it gets one from its name. Raises Invalid, Taken."""
    segment = await actions.create(ctx, Details(code=given.code or None, name=given.name or None))
    await ctx.db.execute(
        "update segment set kind = 'group' where tenant_id = $1 and id = $2", ctx.tenant_id, segment.id
    )
    await _set_extras(ctx, segment.id, given)
    return segment.id


async def update(ctx: Ctx, group_id: int, given: Group, *, expect: frozenset[int] | None = None) -> None:
    """Change what is given. Raises NotFound, Stale, Invalid, Taken."""
    before = await _lock(ctx, group_id)
    check_version(before.version, expect)
    name = before.name if given.name is msgspec.UNSET else given.name
    code = before.code if given.code in (msgspec.UNSET, None) else given.code
    details = checked(Details(code=str(code), name=name, description=before.description))
    if (details.code, details.name) != (before.code, before.name):
        await actions.update(ctx, group_id, details)
    await _set_extras(ctx, group_id, given)


async def delete(ctx: Ctx, group_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a group that has no members. Raises NotFound, Stale, Refused."""
    before = await _lock(ctx, group_id)
    check_version(before.version, expect)
    if await ctx.db.value(
        "select exists (select from segment_member where tenant_id = $1 and segment_id = $2)", ctx.tenant_id, group_id
    ):
        raise Refused("group_used", "The group has customers.")
    await actions.delete(ctx, group_id)


async def put_account(ctx: Ctx, account_id: int, group_id: int | None) -> None:
    """Put an account, which the caller has locked, in a group and out of the one that it is in; None: in no group.

    Raises Invalid for an unknown group.
    """
    now = await ctx.db.value(
        "select segment_id from segment_member where tenant_id = $1 and account_id = $2 and kind = 'group'",
        ctx.tenant_id,
        account_id,
    )
    if now == group_id:
        return
    if now is not None:
        await actions.remove_account(ctx, now, account_id)
    if group_id is not None:
        try:
            await _lock(ctx, group_id)
        except NotFound:
            raise Invalid.field("customer_group", "must exist", "required") from None
        await actions.add_accounts(ctx, group_id, [account_id])


async def codes(ctx: Ctx, group_ids: list[int]) -> dict[int, str]:
    """The codes of those of these groups that there are."""
    if not group_ids:
        return {}
    rows = await ctx.db.fetch(
        "select s.id, s.code from segment s where s.tenant_id = $1 and s.id = any($2) and s.kind = 'group'",
        ctx.tenant_id,
        group_ids,
    )
    return {row["id"]: row["code"] for row in rows}


async def _lock(ctx: Ctx, group_id: int) -> Segment:
    row = await ctx.db.row(f"select {COLUMNS} from segment s where {_GROUP} for update", ctx.tenant_id, group_id)
    if row is None:
        raise NotFound("group", group_id)
    return Segment(*row)


async def _set_extras(ctx: Ctx, group_id: int, given: Group) -> None:
    values: dict[str, Any] = {}
    for name, length in _LENGTHS.items():
        text = getattr(given, name)
        if text is not msgspec.UNSET:
            values[name] = text or None
            check_length(name, text, length)
    if given.metadata is not msgspec.UNSET:
        values["metadata"] = given.metadata or {}
    if not values:
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"""
        update segment s set version = version + 1, updated_at = $3, {places} where {_GROUP}
        """,
        ctx.tenant_id,
        group_id,
        ctx.now,
        *values.values(),
    )
    await events.record(ctx, "segment.updated", subject=f"segment/{group_id}")
