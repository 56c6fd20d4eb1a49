"""What of the rows of an import is there already, and what two rows would both take."""

from collections.abc import Sequence

import msgspec

from patron.imports.model import Complaint, Ready, group_key
from patron.kernel.context import Ctx
from patron.kernel.values import name_key


class Known(msgspec.Struct):
    """What of a chunk is there: accounts by address and by external id, and login names that somebody has."""

    by_email: dict[str, int]
    by_external_id: dict[str, int]
    names: dict[str, int]
    groups: dict[str, int | None]
    tags: dict[str, int] = {}

    @property
    def nobody(self) -> bool:
        """Whether nobody of the chunk is there."""
        return not (self.by_email or self.by_external_id or self.names)


async def look_up(ctx: Ctx, chunk: Sequence[Ready]) -> Known:
    """What of these rows is there already. Four statements at most.

    Keys are looked up one by one: one scan for an array of them would read all that lies between.
    """
    keys = [key for one in chunk if (key := one.email_key) is not None]
    references = [one.profile.external_id for one in chunk if one.email_key is None and one.profile.external_id]
    customer_set = ctx.at_site.customer_set
    rows = await ctx.db.fetch(
        """
        select key, found.id from unnest($3::text[]) as given (key) cross join lateral (
            select a.id from account a
            where a.tenant_id = $1 and a.customer_set_code = $2 and a.email_key = key and a.holds_email limit 1
        ) found
        """,
        ctx.tenant_id,
        customer_set,
        keys,
    )
    by_reference = []
    if references:
        by_reference = await ctx.db.fetch(
            """
            select a.external_id, min(a.id) as id from account a
            where a.tenant_id = $1 and a.customer_set_code = $2 and lower(a.external_id) = any($3)
              and a.external_id = any($4) and not a.holds_email group by a.external_id
            """,
            ctx.tenant_id,
            customer_set,
            [reference.lower() for reference in references],
            references,
        )
    return Known(
        {row["key"]: row["id"] for row in rows},
        {row["external_id"]: row["id"] for row in by_reference},
        await _names(ctx, chunk),
        await _groups(ctx, {group_key(one.group) for one in chunk if one.group}),
    )


async def _names(ctx: Ctx, chunk: Sequence[Ready]) -> dict[str, int]:
    names = [name for one in chunk for name in one.names]
    if not names:
        return {}
    rows = await ctx.db.fetch(
        """
        select key, found.account_id from unnest($3::text[]) as given (key) cross join lateral (
            select n.account_id from login_name n
            where n.tenant_id = $1 and n.customer_set_code = $2 and n.name_key = key limit 1
        ) found
        """,
        ctx.tenant_id,
        ctx.at_site.customer_set,
        names,
    )
    return {row["key"]: row["account_id"] for row in rows}


async def _groups(ctx: Ctx, keys: set[str]) -> dict[str, int | None]:
    """The groups with these codes; None for one that has a rule."""
    if not keys:
        return {}
    rows = await ctx.db.fetch(
        """
        select s.code_key, case when exists (select from segment_rule r where r.tenant_id = $1 and r.segment_id = s.id)
               then null else s.id end as id
        from segment s where s.tenant_id = $1 and s.kind = 'group' and s.code_key = any($2) for share
        """,
        ctx.tenant_id,
        sorted(keys),
    )
    return {row["code_key"]: row["id"] for row in rows}


def find(known: Known, ready: Ready) -> int | None:
    """The account that a row is about, if there is one."""
    if ready.email_key is not None:
        return known.by_email.get(ready.email_key)
    return known.by_external_id.get(ready.profile.external_id) if ready.profile.external_id else None


def taken_name(ready: Ready, known: Known) -> str | None:
    """The column of a name that leads to another login."""
    return next((column for name, column in ready.names.items() if name in known.names), None)


def group_of(ready: Ready, known: Known) -> tuple[str | None, Complaint | None]:
    """The key of the group that a row names, or why it cannot be put there."""
    if ready.group is None:
        return None, None
    key = group_key(ready.group)
    if key not in known.groups:
        return None, complaint(ready, "group", "is the code of no group")
    if known.groups[key] is None:
        return None, complaint(ready, "group", "has a rule that says who is in it")
    return key, None


def key_of(ready: Ready) -> str | None:
    """What makes two rows the same customer: the address; without one the external id."""
    if ready.email_key is not None:
        return f"e {ready.email_key}"
    return f"x {ready.profile.external_id}" if ready.profile.external_id else None


def is_plain(ready: Ready) -> bool:
    """Whether a row can be written unseen: it names nothing that must be there, and the database would notice a second
    customer of its address. Of external ids it knows nothing.
    """
    return not (ready.group or ready.tags) and (ready.email_key is not None or not ready.profile.external_id)


def claims_of(ready: Ready) -> list[str]:
    """Which addresses and names a row takes, if it can."""
    claims = [f"n {name}" for name in ready.names]
    if ready.user_name is not None and (name := name_key(ready.user_name)) not in ready.names:
        claims.append(f"n {name}")
    if ready.email_key is not None:
        claims.append(f"e {ready.email_key}")
    return claims


def complaint(ready: Ready, field: str, message: str) -> Complaint:
    """What is wrong with a row that could be read."""
    return Complaint(ready.line, shown(ready), field, message)


def shown(ready: Ready) -> str:
    """By what people find a row again."""
    return ready.profile.email or ready.profile.external_id or ready.user_name or f"line {ready.line}"
