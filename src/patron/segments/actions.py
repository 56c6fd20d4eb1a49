"""Changes of segments and of who is in them by hand."""

from patron.attachments import owners as attachments
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Refused, Taken, check_version
from patron.kernel.values import name_key
from patron.segments.model import AUDITED, Details, Segment, checked
from patron.segments.queries import COLUMNS

ACCOUNTS_AT_ONCE_MAX = 1_000


async def hold_rules(ctx: Ctx) -> None:
    """Wait until nobody else changes the tenant's rules, and keep them so. Taken before any other lock.

    The worker may be evaluating meanwhile: what it does by an older rule is done when filling by the new one begins.
    """
    await ctx.db.execute(
        """
        insert into rule_gate as g (tenant_id) values ($1)
        on conflict (tenant_id) do update set tenant_id = g.tenant_id
        """,
        ctx.tenant_id,
    )


async def tidy_rules(ctx: Ctx) -> None:
    """Without rules, changed accounts leave no marks. The caller holds the rules."""
    if await ctx.db.execute(
        """
        delete from rule_clock
        where tenant_id = $1 and not exists (select from segment_rule r where r.tenant_id = $1)
        """,
        ctx.tenant_id,
    ):
        await ctx.db.execute("delete from account_change where tenant_id = $1", ctx.tenant_id)


async def lock(ctx: Ctx, segment_id: int) -> Segment:
    """The segment, locked until the transaction ends. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from segment s where s.tenant_id = $1 and s.id = $2 for no key update",
        ctx.tenant_id,
        segment_id,
    )
    if row is None:
        raise NotFound("segment", segment_id)
    return Segment(*row)


async def create(ctx: Ctx, details: Details) -> Segment:
    """A new segment without members. Raises Invalid, or Taken for a code in use."""
    details = checked(details)
    row = await ctx.db.row(
        f"""
        insert into segment as s (tenant_id, code, code_key, name, description, created_at, created_by, updated_at,
                                  updated_by)
        values ($1, $2, $3, $4, $5, $6, $7, $6, $7) returning {COLUMNS}
        """,
        ctx.tenant_id,
        details.code,
        name_key(details.code or ""),
        details.name,
        details.description,
        ctx.now,
        ctx.actor.name,
    )
    assert row is not None
    segment = Segment(*row)
    await _record(ctx, "segment.created", segment.id, events.difference(None, segment, AUDITED))
    return segment


async def update(ctx: Ctx, segment_id: int, details: Details, *, expect: frozenset[int] | None = None) -> Segment:
    """Replace code, name and description; without a code the present one stays. Members stay.

    Raises NotFound, Stale, Invalid, or Taken for a code in use.
    """
    before = await lock(ctx, segment_id)
    check_version(before.version, expect)
    details = checked(details, code=before.code)
    row = await ctx.db.row(
        f"""
        update segment as s set version = version + 1, code = $3, code_key = $4, name = $5, description = $6,
               updated_at = $7, updated_by = $8
        where s.tenant_id = $1 and s.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        segment_id,
        details.code,
        name_key(details.code or ""),
        details.name,
        details.description,
        ctx.now,
        ctx.actor.name,
    )
    assert row is not None
    after = Segment(*row)
    changes = events.difference(before, after, AUDITED)
    if changes:
        await _record(ctx, "segment.updated", segment_id, changes)
    return after


async def delete(ctx: Ctx, segment_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a segment and its memberships; the accounts stay (Kibo behaviour 10).

    Raises NotFound, Stale, Refused when the rule of another segment asks about it.
    """
    await hold_rules(ctx)
    before = await lock(ctx, segment_id)
    check_version(before.version, expect)
    await attachments.forget(ctx, "segment", [segment_id])
    await ctx.db.execute("delete from segment where tenant_id = $1 and id = $2", ctx.tenant_id, segment_id)
    await _record(ctx, "segment.deleted", segment_id, events.difference(before, None, AUDITED))
    await tidy_rules(ctx)


async def add_accounts(ctx: Ctx, segment_id: int, account_ids: list[int]) -> None:
    """Put accounts in a segment; those in it already stay as they are. All of them or none.

    Raises NotFound for an unknown segment or account, Invalid for too many, Refused for one in another group and for
    a segment that has a rule.
    """
    if len(account_ids) > ACCOUNTS_AT_ONCE_MAX:
        raise Invalid.field("accounts", f"are at most {ACCOUNTS_AT_ONCE_MAX}", "too_long")
    segment = await _lock_by_hand(ctx, segment_id)
    unknown = await _unknown(ctx, account_ids)
    if unknown is not None:
        raise NotFound("account", unknown)
    try:
        rows = await ctx.db.fetch(
            """
            insert into segment_member (tenant_id, segment_id, account_id, kind, since_at, added_by)
            select $1, $2, given.id, $4, $5, $6 from unnest($3::bigint[]) as given (id) group by given.id
            order by given.id
            on conflict (tenant_id, segment_id, account_id) do nothing returning account_id
            """,
            ctx.tenant_id,
            segment_id,
            account_ids,
            segment.kind,
            ctx.now,
            ctx.actor.name,
        )
    except Taken:
        raise Refused("other_group", "An account is in one group at most: take it out of the other first.") from None
    await _changed(ctx, "segment.joined", segment, [row["account_id"] for row in rows])


async def _lock_by_hand(ctx: Ctx, segment_id: int) -> Segment:
    """The segment, locked, if its members are kept by hand. Raises NotFound, Refused."""
    segment = await lock(ctx, segment_id)
    if await ctx.db.value(
        "select exists (select from segment_rule where tenant_id = $1 and segment_id = $2)", ctx.tenant_id, segment_id
    ):
        raise Refused("segment_has_rule", "The rule of this segment says who is in it: change the rule, or remove it.")
    return segment


async def _unknown(ctx: Ctx, account_ids: list[int]) -> int | None:
    """The first of these ids that no account has. Those that there are stay locked."""
    rows = await ctx.db.fetch(
        "select id from account where tenant_id = $1 and id = any($2) order by id for no key update",
        ctx.tenant_id,
        account_ids,
    )
    known = {row["id"] for row in rows}
    return next((one for one in account_ids if one not in known), None)


async def remove_account(ctx: Ctx, segment_id: int, account_id: int) -> None:
    """Take an account out of a segment. Raises NotFound for an unknown segment, and for one that is not in it."""
    segment = await _lock_by_hand(ctx, segment_id)
    gone = await ctx.db.execute(
        "delete from segment_member where tenant_id = $1 and segment_id = $2 and account_id = $3",
        ctx.tenant_id,
        segment_id,
        account_id,
    )
    if not gone:
        raise NotFound("account", f"{account_id} in this segment")
    await _changed(ctx, "segment.left", segment, [account_id])


async def _changed(ctx: Ctx, topic: str, segment: Segment, account_ids: list[int]) -> None:
    """Tell of accounts that joined or left. Their answers show their segments, so their versions change."""
    if not account_ids:
        return
    await ctx.db.execute(
        "update account set version = version + 1 where tenant_id = $1 and id = any($2)", ctx.tenant_id, account_ids
    )
    subject = f"segment/{segment.id}"
    change = (None, segment.name) if topic == "segment.joined" else (segment.name, None)
    await events.record_many(
        ctx, [events.Event(topic, account_id, subject, {subject: change}) for account_id in account_ids]
    )


async def _record(ctx: Ctx, topic: str, segment_id: int, changes: events.Changes) -> None:
    await events.record(ctx, topic, subject=f"segment/{segment_id}", changes=changes)
