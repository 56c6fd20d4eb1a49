"""Reads of segments and of who is in them."""

import msgspec

from patron.accounts import queries as accounts
from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Children, Listing, page
from patron.segments.model import Member, Segment

COLUMNS = """s.id, s.version, s.kind, s.code, s.name, s.description, s.created_at, s.created_by, s.updated_at,
    s.updated_by"""
WIDTH = len(Segment.__struct_fields__)
MEMBER = "m.account_id, m.since_at, m.added_by"
SOURCE = "segment_member m join segment s on s.tenant_id = $1 and s.id = m.segment_id"

CHILDREN = Children(COLUMNS, SOURCE, "m.tenant_id", "m.account_id", "s.id")
DECODER = msgspec.json.Decoder(list[Segment])
PAIRS_DECODER = msgspec.json.Decoder(list[tuple[int, Segment]])

FIELDS: dict[str, Field] = {
    "id": Field("s.id", "integer", sort="s.id"),
    "code": Field("s.code", sort="s.code_key"),
    "name": Field("s.name", sort='lower(s.name) collate "C"'),
    "description": Field("s.description", sort="lower(coalesce(s.description, '')) collate \"C\""),
    "created_at": Field("s.created_at", "time", sort="s.created_at"),
    "updated_at": Field("s.updated_at", "time", sort="s.updated_at"),
}

# The same fields seen from the account: any segment of it will do.
OF_ACCOUNT: dict[str, Field] = {
    f"segments.{name}": msgspec.structs.replace(
        FIELDS[name],
        sort=None,
        inside=f"exists (select from {SOURCE} where m.tenant_id = $1 and m.account_id = a.id and {{}})",
    )
    for name in ("id", "code", "name")
}

MEMBER_FIELDS: dict[str, Field] = {
    "account_id": Field("m.account_id", "integer", sort="m.account_id"),
    "since_at": Field("m.since_at", "time", sort="m.since_at"),
    "added_by": Field("m.added_by", sort="lower(coalesce(m.added_by, '')) collate \"C\""),
}

_SEGMENTS = Listing(
    select=COLUMNS, source="segment s", where="s.tenant_id = $1", fields=FIELDS, identity="s.id", order=(Sort("id"),)
)
_MEMBERS = Listing(
    select=MEMBER,
    source="segment_member m",
    where="m.tenant_id = $1 and m.segment_id = $2",
    fields=MEMBER_FIELDS,
    identity="m.account_id",
    order=(Sort("account_id"),),
)
_LISTING = Listing(
    select=COLUMNS,
    source=SOURCE,
    where="m.tenant_id = $1 and m.account_id = $2",
    fields=FIELDS,
    identity="s.id",
    order=(Sort("id"),),
)


async def every(ctx: Ctx, ask: Ask) -> Page[Segment]:
    """A page of the tenant's segments."""
    found = await page(ctx, _SEGMENTS, ask)
    return Page([Segment(*row[:WIDTH]) for row in found.items], found.total, found.next_cursor)


async def get(ctx: Ctx, segment_id: int) -> Segment:
    """One segment. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from segment s where s.tenant_id = $1 and s.id = $2", ctx.tenant_id, segment_id
    )
    if row is None:
        raise NotFound("segment", segment_id)
    return Segment(*row)


async def group_of(db: Session, tenant_id: int, account_id: int) -> int | None:
    """The group that an account is in."""
    found = await db.value(
        "select segment_id from segment_member where tenant_id = $1 and account_id = $2 and kind = 'group'",
        tenant_id,
        account_id,
    )
    return None if found is None else int(found)


async def members(ctx: Ctx, segment_id: int, ask: Ask) -> Page[Member]:
    """A page of who is in a segment. Raises NotFound for an unknown segment."""
    found = await page(ctx, _MEMBERS, ask, segment_id)
    if not found.total:
        await get(ctx, segment_id)
    return Page([Member(*row[:3]) for row in found.items], found.total, found.next_cursor)


async def list_of(ctx: Ctx, account_id: int, ask: Ask) -> Page[Segment]:
    """A page of the segments that an account is in."""
    found = await page(ctx, _LISTING, ask, account_id)
    if not found.total:
        await accounts.require(ctx, account_id)
    return Page([Segment(*row[:WIDTH]) for row in found.items], found.total, found.next_cursor)
