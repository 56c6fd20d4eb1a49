"""Which tags are on which record. A record is named by its kind and its id; whoever removes one forgets its tags."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.tags.model import TAGS_MAX, listed

Kind = Literal["account", "address", "order", "order_subscription", "return"]


class Owner(msgspec.Struct, frozen=True):
    """What tags are on. `account_id` is whose it is, for the event."""

    kind: Kind
    id: int
    account_id: int | None = None


async def change(
    ctx: Ctx, owner: Owner, *, put: Sequence[int] | None = None, add: str | None = None, remove: str | None = None
) -> bool:
    """Put just these tags (ids) on an owner, then add some, then remove some (names, with commas between them).

    The caller has locked the owner and raises its version; the answer is whether anything has changed. Names that
    nobody has made tags of are passed over (Commerce Layer behaviour 6). Raises Invalid for an unknown id and for more
    than `TAGS_MAX` tags.
    """
    more, less = listed(add), set(listed(remove))
    rows = await ctx.db.fetch(
        """
        select t.id, t.name, t.id in (
            select l.tag_id from tagging l where l.tenant_id = $1 and l.kind = $2 and l.owner_id = $3) as is_on
        from tag t
        where t.tenant_id = $1 and (t.id = any($4::bigint[]) or t.name = any($5::text[]) or t.id in (
            select l.tag_id from tagging l where l.tenant_id = $1 and l.kind = $2 and l.owner_id = $3))
        order by t.id for key share of t
        """,
        ctx.tenant_id,
        owner.kind,
        owner.id,
        list(put or ()),
        more,
    )
    names = {row["id"]: row["name"] for row in rows}
    before = {row["id"] for row in rows if row["is_on"]}
    if put is not None and not set(put) <= names.keys():
        raise Invalid.field("tags", "must exist", "required")
    wanted = {tag_id for tag_id in names if names[tag_id] in more} | (before if put is None else set(put))
    after = {tag_id for tag_id in wanted if names[tag_id] not in less}
    if len(after) > TAGS_MAX:
        raise Invalid.field("tags", f"are too many (maximum is {TAGS_MAX})", "too_long")
    if after == before:
        return False
    await _write(ctx, owner, before - after, after - before)
    told = {"tags": (sorted(names[one] for one in before), sorted(names[one] for one in after))}
    subject = f"{owner.kind}/{owner.id}"
    await events.record(ctx, f"{owner.kind}.tagged", account_id=owner.account_id, subject=subject, changes={**told})
    return True


async def _write(ctx: Ctx, owner: Owner, gone: set[int], new: set[int]) -> None:
    if gone:
        await ctx.db.execute(
            """
            delete from tagging where tenant_id = $1 and kind = $2 and owner_id = $3 and tag_id = any($4::bigint[])
            """,
            ctx.tenant_id,
            owner.kind,
            owner.id,
            sorted(gone),
        )
    if new:
        await ctx.db.execute(
            """
            insert into tagging (tenant_id, kind, owner_id, tag_id, created_at)
            select $1, $2, $3, given.id, $5 from unnest($4::bigint[]) as given (id)
            """,
            ctx.tenant_id,
            owner.kind,
            owner.id,
            sorted(new),
            ctx.now,
        )


async def forget(ctx: Ctx, kind: Kind, owner_ids: Sequence[int]) -> None:
    """Let go of the tags of records that are about to go."""
    await ctx.db.execute(
        "delete from tagging where tenant_id = $1 and kind = $2 and owner_id = any($3::bigint[])",
        ctx.tenant_id,
        kind,
        list(owner_ids),
    )
