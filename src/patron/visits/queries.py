"""Reads of visits."""

from datetime import datetime
from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Listing, page
from patron.visits.ids import read_id
from patron.visits.model import Visit

COLUMNS = """v.id, v.version, v.key, v.at, v.kind, v.account_id, v.user_id, v.site_id, v.session_id, v.referrer,
    v.user_agent, v.browser_location, v.location, v.device, v.visitor"""
WIDTH = len(Visit.__struct_fields__)

# The id that callers know, as SQL.
NAME = "coalesce({0}.key, replace({0}.id::text, '-', ''))"


def _text(name: str) -> Field:
    return Field(f"v.{name}", sort=f"lower(coalesce(v.{name}, '')) collate \"C\"")


FIELDS: dict[str, Field] = {
    "at": Field("v.at", "time", sort="v.at"),
    "account_id": Field("v.account_id", "integer", sort="coalesce(v.account_id, 0)"),
    "site_id": Field("v.site_id", "integer", sort="v.site_id"),
    **{name: _text(name) for name in ("user_id", "kind", "session_id", "location", "device")},
}

# The same fields seen from the account: any visit of it will do.
OF_ACCOUNT: dict[str, Field] = {
    f"visits.{name}": msgspec.structs.replace(
        FIELDS[name],
        sort=None,
        inside="exists (select from visit v where v.tenant_id = $1 and v.account_id = a.id and {})",
    )
    for name in ("at", "kind", "site_id", "location", "device")
}

_LISTING = Listing(
    select=COLUMNS,
    source="visit v",
    where="v.tenant_id = $1",
    fields=FIELDS,
    identity="v.id",
    identity_kind="uuid",
    identity_descending=True,
    order=(Sort("at", descending=True),),
)
_TOTAL = "(select coalesce(sum(n.visits), 0)::bigint from visit_count n where n.tenant_id = $1)"


async def list_of(ctx: Ctx, ask: Ask, more: str = "") -> Page[tuple[Visit, Any]]:
    """A page of visits, the newest first unless asked otherwise, in one statement.

    The newest are the first rows of the newest partition's key, so that older partitions are not read. `more` is a
    column over the visit `a` that comes with each.
    """
    found = await page(ctx, _LISTING, ask, more=more, total=_TOTAL if ask.filter is None else None)
    items = [(Visit(*row[:WIDTH]), row[-1] if more else None) for row in found.items]
    return Page(items, found.total, found.next_cursor)


async def get(ctx: Ctx, name: str, *, lock: bool = False) -> Visit:
    """One visit by the id that callers know, locked until the transaction ends if asked for. Raises NotFound.

    An id of ours says the moment of the visit and with it the partition. Only where there is no such visit, or where
    the id is a caller's own, is the place looked up: one partition is read either way.
    """
    hold = " for update" if lock else ""
    row, ours = None, read_id(name)
    if ours is not None:
        row = await ctx.db.row(
            f"select {COLUMNS} from visit v where v.tenant_id = $1 and v.id = $2 and v.at = $3 and v.key is null{hold}",
            ctx.tenant_id,
            *ours,
        )
    if row is None:
        row = await ctx.db.row(
            f"""
            select {COLUMNS} from visit v
            where v.tenant_id = $1 and v.at = (select k.at from visit_key k where k.tenant_id = $1 and k.key = $2)
              and v.id = (select k.id from visit_key k where k.tenant_id = $1 and k.key = $2){hold}
            """,
            ctx.tenant_id,
            name,
        )
    if row is None:
        raise NotFound("visit", name[:40])
    return Visit(*row)


async def last_at(ctx: Ctx, account_id: int) -> datetime | None:
    """When the last visit of an account was."""
    return await ctx.db.value(  # type: ignore[no-any-return]
        "select max(v.at) from visit v where v.tenant_id = $1 and v.account_id = $2", ctx.tenant_id, account_id
    )
