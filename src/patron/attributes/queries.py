"""Reads of attribute definitions and of values."""

from collections import defaultdict

import msgspec

from patron.attributes.model import Attribute
from patron.kernel.context import Ctx
from patron.kernel.query import Field

COLUMNS = """v.definition_id, v.version, v.account_id, f.fqn, f.display_group, f.is_visible, v."values",
    v.created_at, v.created_by, v.updated_at, v.updated_by"""
SOURCE = "attribute v join attribute_definition f on f.tenant_id = $1 and f.id = v.definition_id"

# All attributes of the account `a` as one JSON value, for the statement that reads a whole account.
AS_JSON = f"""(select coalesce(json_agg(json_build_array({COLUMNS}) order by f.position, f.id), '[]') from {SOURCE}
    where v.tenant_id = $1 and v.account_id = a.id)"""
DECODER = msgspec.json.Decoder(list[Attribute])


async def by_accounts(ctx: Ctx, account_ids: list[int]) -> dict[int, list[Attribute]]:
    """The attributes of many accounts in one statement."""
    rows = await ctx.db.fetch(
        f"""
        select {COLUMNS} from {SOURCE}
        where v.tenant_id = $1 and v.account_id = any($2) order by f.position, f.id
        """,
        ctx.tenant_id,
        account_ids,
    )
    found: dict[int, list[Attribute]] = defaultdict(list)
    for row in rows:
        found[row["account_id"]].append(Attribute(*row))
    return found


async def filter_fields(ctx: Ctx, names: set[str]) -> dict[str, Field]:
    """What may be asked about accounts by custom attributes: `attributes.{fqn}`, typed by definition."""
    return {}
