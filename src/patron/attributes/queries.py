"""Reads of attribute definitions and of values. A shopper sees neither the staff's group nor its values."""

from collections import defaultdict
from decimal import Decimal

import msgspec

from patron.accounts import queries as accounts
from patron.attributes.model import FAMILIES, Attribute, Definition
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.definitions import fqn_key
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Kind, Page, Sort
from patron.kernel.sql import Children, Listing, page

DEFINITION = """f.id, f.version, f.family, f.namespace, f.code, f.fqn, f.admin_name, f.data_type, f.input_type,
    f.value_type, f.display_group, f.is_active, f.is_required, f.is_read_only, f.is_multi_valued, f.is_visible,
    f.for_discounts, f.for_order_routing, f.for_rules, f.position, f.content, f.validation, f.vocabulary, f.metadata,
    f.entities, f.inheritance, f.created_at, f.created_by, f.updated_at, f.updated_by"""
COLUMNS = """v.definition_id, v.version, v.account_id, f.fqn, f.display_group, f.is_visible, f.is_active, v."values",
    v.created_at, v.created_by, v.updated_at, v.updated_by"""
SOURCE = "attribute v join attribute_definition f on f.tenant_id = $1 and f.id = v.definition_id"

CHILDREN = Children(COLUMNS, SOURCE, "v.tenant_id", "v.account_id", "f.position, f.id")
DECODER = msgspec.json.Decoder(list[Attribute], float_hook=Decimal)
PAIRS_DECODER = msgspec.json.Decoder(list[tuple[int, Attribute]], float_hook=Decimal)

_FOR_SHOPPERS = "f.is_active and f.is_visible and f.display_group <> 'Admin'"


def _text(column: str) -> Field:
    return Field(f"f.{column}", sort=f"lower(coalesce(f.{column}, '')) collate \"C\"")


def _plain(sql: str, kind: Kind) -> Field:
    return Field(sql, kind, sort=sql)


_POSITION = Field("f.position", "integer", sort="coalesce(f.position, 9223372036854775807)")

DEFINITION_FIELDS: dict[str, Field] = {
    "id": _plain("f.id", "integer"),
    "fqn": Field("f.fqn", sort="f.fqn_key"),
    **{name: _text(name) for name in ("code", "namespace", "admin_name", "data_type", "input_type", "value_type")},
    "display_group": _text("display_group"),
    **{
        name: _plain(f"f.{name}", "bool")
        for name in (
            *("is_active", "is_required", "is_read_only", "is_multi_valued", "is_visible"),
            *("for_discounts", "for_order_routing", "for_rules"),
        )
    },
    "position": _POSITION,
    "created_at": _plain("f.created_at", "time"),
    "updated_at": _plain("f.updated_at", "time"),
}

FIELDS: dict[str, Field] = {
    "definition_id": _plain("v.definition_id", "integer"),
    "fqn": Field("f.fqn", sort="f.fqn_key"),
    "position": _POSITION,
    "created_at": _plain("v.created_at", "time"),
    "updated_at": _plain("v.updated_at", "time"),
}

_DEFINITIONS = Listing(
    select=DEFINITION,
    source="attribute_definition f",
    where="f.tenant_id = $1 and f.family = $2",
    fields=DEFINITION_FIELDS,
    identity="f.id",
    order=(Sort("position"),),
)
_LISTING = Listing(
    select=COLUMNS,
    source=SOURCE,
    where="v.tenant_id = $1 and v.account_id = $2",
    fields=FIELDS,
    identity="f.id",
    order=(Sort("position"),),
)


def read_definition(row: Row) -> Definition:
    """A definition from a row that begins with `DEFINITION`."""
    return msgspec.convert(list(row)[: len(Definition.__struct_fields__)], Definition)


async def definitions(ctx: Ctx, family: str, ask: Ask) -> Page[Definition]:
    """A page of a family's definitions."""
    extra = "f.display_group <> 'Admin'" if ctx.actor.kind == "shopper" else ""
    found = await page(ctx, _DEFINITIONS, ask, family, extra=extra)
    return Page([read_definition(row) for row in found.items], found.total, found.next_cursor)


async def definition(ctx: Ctx, family: str, fqn: str) -> Definition:
    """One definition by its full name, in any case. Raises NotFound."""
    row = await ctx.db.row(
        f"select {DEFINITION} from attribute_definition f where f.tenant_id = $1 and f.family = $2 and f.fqn_key = $3",
        ctx.tenant_id,
        family,
        fqn_key(fqn),
    )
    if row is None or (ctx.actor.kind == "shopper" and row["display_group"] == "Admin"):
        raise NotFound("attribute definition", fqn[:60])
    return read_definition(row)


async def list_of(ctx: Ctx, account_id: int, ask: Ask) -> Page[Attribute]:
    """A page of an account's attributes. Raises NotFound for an unknown account."""
    found = await page(ctx, _LISTING, ask, account_id, extra=_FOR_SHOPPERS if ctx.actor.kind == "shopper" else "")
    if not found.total:
        await accounts.require(ctx, account_id)
    width = len(Attribute.__struct_fields__)
    return Page([Attribute(*row[:width]) for row in found.items], found.total, found.next_cursor)


async def get(ctx: Ctx, account_id: int, fqn: str) -> Attribute:
    """One attribute of an account by its full name, in any case. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from {SOURCE} where v.tenant_id = $1 and v.account_id = $2 and f.fqn_key = $3",
        ctx.tenant_id,
        account_id,
        fqn_key(fqn),
    )
    if row is None or (ctx.actor.kind == "shopper" and not Attribute(*row).is_for_shoppers):
        raise NotFound("attribute", fqn[:60])
    return Attribute(*row)


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


# A value `e` as its data type is compared.
_TYPED: dict[str, Field] = {
    "String": Field("(e.value #>> '{}')"),
    "Number": Field("(case when jsonb_typeof(e.value) = 'number' then e.value::numeric end)", "number"),
    "Bool": Field("(case when jsonb_typeof(e.value) = 'boolean' then e.value::boolean end)", "bool"),
    "DateTime": Field("(e.value #>> '{}')::timestamptz", "time"),
}


async def filter_fields(ctx: Ctx, names: set[str]) -> dict[str, Field]:
    """What may be asked about accounts by custom attributes: `attributes.{full name in lower case}`, typed.

    Both families may know a name: then the values of both count, as text where the types differ. Names without a
    definition are not in the answer. An account without a value counts as one whose value is null.
    """
    if not names:
        return {}
    rows = await ctx.db.fetch(
        """
        select f.fqn_key, array_agg(f.id order by f.id) as ids, array_agg(distinct f.data_type) as types
        from attribute_definition f
        where f.tenant_id = $1 and f.family = any($3) and f.fqn_key = any($2) group by f.fqn_key
        """,
        ctx.tenant_id,
        list(names),
        list(FAMILIES.values()),
    )
    return {f"attributes.{row['fqn_key']}": _filter_field(row["ids"], row["types"]) for row in rows}


def _filter_field(ids: list[int], types: list[str]) -> Field:
    """The ids are ours, so they may stand in the statement: a field has no values of its own to bind."""
    values = f"""select from attribute v cross join lateral jsonb_array_elements(v."values") e (value)
        where v.tenant_id = $1 and v.account_id = a.id and v.definition_id in ({", ".join(map(str, ids))})"""
    return msgspec.structs.replace(
        _TYPED[types[0] if len(types) == 1 else "String"],
        inside=f"exists ({values} and {{}})",
        missing=f"not exists ({values})",
    )
