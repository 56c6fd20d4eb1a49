"""Reads of product attributes, with their labels and vocabularies in the same statement, and of the type rules."""

from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.definitions import fqn_key
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Kind, Page, Sort
from patron.kernel.sql import Listing, page
from patron.product_attributes.model import TYPE_RULES, Attribute, Label, TypeRule, Word
from patron.tenants.queries import DEFAULT_LOCALE

COLUMNS = f"""a.id, a.version, a.namespace, a.code, a.fqn, a.admin_name, a.data_type, a.input_type, a.value_type,
    a.is_option, a.is_property, a.is_extra, a.is_mapping, a.mapping_id,
    (select m.fqn from product_attribute m where m.tenant_id = $1 and m.id = a.mapping_id) as mapping,
    a.for_order_routing, a.search, a.validation, a.metadata, {DEFAULT_LOCALE} as default_locale, a.created_at,
    a.created_by, a.updated_at, a.updated_by"""
# The labels and the values of the attribute `a`, each as one JSON value.
LABELS = """(select coalesce(json_agg(json_build_array(l.locale, l.text, l.description, l.version)
        order by l.locale_key), '[]')
    from product_attribute_label l where l.tenant_id = $1 and l.attribute_id = a.id)"""
WORDS = """(select coalesce(json_agg(json_build_array(v.value, v.value_key, v.id, v.version, v.position, v.product_name,
        v.mapped, (select coalesce(json_agg(json_build_array(l.locale, l.text, null, l.version)
            order by l.locale_key), '[]')
            from product_value_label l
            where l.tenant_id = $1 and l.attribute_id = a.id and l.value_key = v.value_key))
        order by v.position, v.id), '[]')
    from product_value v where v.tenant_id = $1 and v.attribute_id = a.id)"""
NO_WORDS = "'[]'::json"

_LABELS_DECODER = msgspec.json.Decoder(list[Label])
_WORDS_DECODER = msgspec.json.Decoder(list[Word])
_WIDTH = len(Attribute.__struct_fields__) - 2


def _text(column: str) -> Field:
    return Field(f"a.{column}", sort=f"lower(coalesce(a.{column}, '')) collate \"C\"")


def _plain(sql: str, kind: Kind) -> Field:
    return Field(sql, kind, sort=sql)


FIELDS: dict[str, Field] = {
    "id": _plain("a.id", "integer"),
    "fqn": Field("a.fqn", sort="a.fqn_key"),
    **{name: _text(name) for name in ("code", "namespace", "admin_name", "data_type", "input_type", "value_type")},
    **{
        name: _plain(f"a.{name}", "bool")
        for name in ("is_option", "is_property", "is_extra", "is_mapping", "for_order_routing")
    },
    "created_at": _plain("a.created_at", "time"),
    "updated_at": _plain("a.updated_at", "time"),
    "name": Field(
        "l.text",
        inside="exists (select from product_attribute_label l where l.tenant_id = $1 and l.attribute_id = a.id and {})",
    ),
    "value": Field(
        "v.value",
        inside="exists (select from product_value v where v.tenant_id = $1 and v.attribute_id = a.id and {})",
    ),
}

_LISTING = Listing(
    select=COLUMNS,
    source="product_attribute a",
    where="a.tenant_id = $1",
    fields=FIELDS,
    identity="a.id",
)


async def list_of(ctx: Ctx, ask: Ask, *, with_words: bool = True) -> Page[Attribute]:
    """A page of the product attributes; their vocabularies are only read where somebody wants to see them."""
    words = WORDS if with_words else NO_WORDS
    found = await page(ctx, _LISTING, ask, more=f"{LABELS} as labels, {words} as words")
    return Page([_attribute(row) for row in found.items], found.total, found.next_cursor)


async def get(ctx: Ctx, fqn: str, *, with_words: bool = True) -> Attribute:
    """One attribute by its full name, in any case. Raises NotFound."""
    words = WORDS if with_words else NO_WORDS
    row = await ctx.db.row(
        f"""
        select {COLUMNS}, {LABELS} as labels, {words} as words
        from product_attribute a where a.tenant_id = $1 and a.fqn_key = $2
        """,
        ctx.tenant_id,
        fqn_key(fqn),
    )
    if row is None:
        raise NotFound("product attribute", fqn[:60])
    return _attribute(row)


def _attribute(row: Row) -> Attribute:
    fields: dict[str, Any] = dict(zip(Attribute.__struct_fields__, list(row)[:_WIDTH], strict=False))
    fields["labels"] = _LABELS_DECODER.decode(row["labels"])
    fields["words"] = _WORDS_DECODER.decode(row["words"])
    return msgspec.convert(fields, Attribute)


TYPE_RULE_FIELDS: dict[str, Field] = {
    name: Field(f"r.{name}", sort=f'lower(r.{name}) collate "C"')
    for name in ("usage", "data_type", "input_type", "value_type")
}

_ROWS = ", ".join(str((number, *rule)) for number, rule in enumerate(TYPE_RULES, start=1))
_TYPE_RULES = Listing(
    select="r.usage, r.data_type, r.input_type, r.value_type",
    source=f"(values {_ROWS}) r (number, usage, data_type, input_type, value_type)",
    where="$1::bigint is not null",  # the same for all tenants
    fields={**TYPE_RULE_FIELDS, "number": _plain("r.number", "integer")},
    identity="r.number",
    order=(Sort("number"),),
)


async def type_rules(ctx: Ctx, ask: Ask) -> Page[TypeRule]:
    """A page of the types that go together: a constant table, asked about like any list."""
    found = await page(ctx, _TYPE_RULES, ask)
    return Page([TypeRule(*row[:4]) for row in found.items], found.total, found.next_cursor)
