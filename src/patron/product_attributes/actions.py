"""Changes of product attributes as a whole. What is changed below one (`parts`) is saved here too.

Whoever changes an attribute, or anything below it, locks it first; so what was read stays so until the end.
"""

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.definitions import fqn_key
from patron.kernel.errors import Invalid, Refused, check_version
from patron.product_attributes import labels, queries, rules, stored, vocabulary
from patron.product_attributes.model import AUDITED, Attribute, Details, Label, Locales, Word
from patron.tenants.queries import default_locale

_WRITTEN = ("admin_name", "is_option", "is_property", "is_extra", "is_mapping", "for_order_routing", "search",
            "validation", "metadata")  # fmt: skip
_FIXED = ("namespace", "code", "data_type", "input_type", "value_type")


async def create(ctx: Ctx, details: Details, locale: str) -> Attribute:
    """A new attribute, read in `locale`. Without a code it is named by its number.

    Raises Invalid, Refused for types that do not go together, Taken for a name in use.
    """
    details = rules.checked(details)
    number = await ctx.db.value("select nextval(pg_get_serial_sequence('product_attribute', 'id'))")
    code = details.code or str(number)
    name = details.admin_name or code
    locales = Locales(await default_locale(ctx), locale)
    entries = labels.written([], details.labels, details.content, locales, labels.NAME, name)
    words = vocabulary.written(details.data_type or "", [], details.words or [], locales, "vocabulary_values")
    mapping_id = await _mapping(ctx, details, number)
    fqn = f"{details.namespace}~{code}"
    columns = (*_FIXED, *_WRITTEN)
    given = {name: getattr(details, name) for name in columns} | {"code": code, "admin_name": name}
    places = ", ".join(f"${n}" for n in range(9, 9 + len(columns)))
    await ctx.db.execute(
        f"""
        insert into product_attribute (tenant_id, id, version, fqn, fqn_key, mapping_id, created_at, created_by,
                                       updated_at, updated_by, {", ".join(columns)})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8, {places})
        """,
        ctx.tenant_id,
        number,
        stored.first_version(ctx),
        fqn,
        fqn.lower(),
        mapping_id,
        ctx.now,
        ctx.actor.name,
        *given.values(),
    )
    await stored.write_labels(ctx, number, [], entries)
    await stored.write_words(ctx, number, [], await _with_mapped(ctx, mapping_id, details.data_type or "", words))
    after = await queries.get(ctx, fqn)
    await _record(ctx, "product_attribute.created", None, after)
    return after


async def update(
    ctx: Ctx, fqn: str, details: Details, locale: str, *, expect: frozenset[int] | None = None
) -> Attribute:
    """Replace an attribute, but for its names and types. Labels and values stay when they are left out.

    Raises NotFound, Stale, Invalid, or Refused for what cannot change or is in use.
    """
    before = await lock(ctx, fqn)
    check_version(before.version, expect)
    details = rules.changed(before, details)
    locales = Locales(before.default_locale, locale)
    name = details.admin_name or before.code
    entries = labels.written(before.labels, details.labels, details.content, locales, labels.NAME, name)
    words = before.words
    if details.words is not None:
        words = vocabulary.written(before.data_type, before.words, details.words, locales, "vocabulary_values")
    mapping_id = await _mapping(ctx, details, before.id)
    if before.is_mapping and not details.is_mapping:
        await _check_no_mapping(ctx, before)
    given = {name: getattr(details, name) for name in _WRITTEN} | {"admin_name": name}
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(given, start=4))
    await ctx.db.execute(
        f"update product_attribute set mapping_id = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        before.id,
        mapping_id,
        *given.values(),
    )
    return await save(ctx, before, entries, words, mapping_id=mapping_id)


async def delete(ctx: Ctx, fqn: str, *, expect: frozenset[int] | None = None) -> None:
    """Remove an attribute with all below it. Raises NotFound, Stale, or Refused when others are mapped to it."""
    before = await lock(ctx, fqn)
    check_version(before.version, expect)
    await ctx.db.execute("delete from product_attribute where tenant_id = $1 and id = $2", ctx.tenant_id, before.id)
    await _record(ctx, "product_attribute.deleted", before, None)


async def lock(ctx: Ctx, fqn: str) -> Attribute:
    """The attribute as it is, and as it stays until the transaction ends. Raises NotFound."""
    # Read by a second statement: one that waited for the lock would still see the old rows of the other tables.
    await ctx.db.execute(
        "select from product_attribute where tenant_id = $1 and fqn_key = $2 for update", ctx.tenant_id, fqn_key(fqn)
    )
    return await queries.get(ctx, fqn)


async def save(
    ctx: Ctx, before: Attribute, entries: list[Label], words: list[Word], *, mapping_id: int | None
) -> Attribute:
    """Write the labels and values that a locked attribute is to have; only what differs is written.

    Raises Invalid or Refused for what mappings do not allow.
    """
    await _check_not_mapped(ctx, before, words)
    if words != before.words or mapping_id != before.mapping_id:
        words = await _with_mapped(ctx, mapping_id, before.data_type, words)
    await stored.write_labels(ctx, before.id, before.labels, entries)
    await stored.write_words(ctx, before.id, before.words, words)
    await ctx.db.execute(
        """
        update product_attribute set version = version + 1, updated_at = $3, updated_by = $4
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        before.id,
        ctx.now,
        ctx.actor.name,
    )
    after = await queries.get(ctx, before.fqn)
    await _record(ctx, "product_attribute.updated", before, after)
    return after


async def _mapping(ctx: Ctx, details: Details, own_id: int) -> int | None:
    """The attribute that this one is mapped to, whose vocabulary stays until the transaction ends. Raises Invalid."""
    if details.mapping is None:
        return None
    row = await ctx.db.row(
        """
        select f.id, f.is_mapping, f.data_type from product_attribute f
        where f.tenant_id = $1 and f.fqn_key = $2 for share
        """,
        ctx.tenant_id,
        fqn_key(details.mapping),
    )
    if row is None or row["id"] == own_id or not row["is_mapping"] or row["data_type"] != details.data_type:
        raise Invalid.field("mapping", "names no other attribute of this data type that is for mapping")
    return int(row["id"])


async def _with_mapped(ctx: Ctx, mapping_id: int | None, data_type: str, words: list[Word]) -> list[Word]:
    """The values, mapped to others as the mapping attribute spells those. Raises Invalid."""
    if not any(word.mapped for word in words):
        return words
    await ctx.db.execute(
        "select from product_attribute where tenant_id = $1 and id = $2 for share", ctx.tenant_id, mapping_id
    )
    rows = await ctx.db.fetch(
        "select v.value_key, v.value from product_value v where v.tenant_id = $1 and v.attribute_id = $2",
        ctx.tenant_id,
        mapping_id,
    )
    return vocabulary.mapped(words, {row["value_key"]: row["value"] for row in rows}, data_type)


async def _check_no_mapping(ctx: Ctx, before: Attribute) -> None:
    used = await ctx.db.value(
        "select exists (select from product_attribute f where f.tenant_id = $1 and f.mapping_id = $2)",
        ctx.tenant_id,
        before.id,
    )
    if used:
        raise Refused("attribute_in_use", "Other attributes are mapped to this one.")


async def _check_not_mapped(ctx: Ctx, before: Attribute, words: list[Word]) -> None:
    """Refuse to take away values to which those of other attributes are mapped."""
    kept = {word.key for word in words}
    gone = [word.value for word in before.words if word.key not in kept]
    if not gone or not before.is_mapping:
        return
    used = await ctx.db.value(
        """
        select exists (
            select from product_attribute f join product_value v on v.tenant_id = $1 and v.attribute_id = f.id
            where f.tenant_id = $1 and f.mapping_id = $2 and v.mapped ?| $3::text[]
        )
        """,
        ctx.tenant_id,
        before.id,
        gone,
    )
    if used:
        raise Refused("vocabulary_in_use", "Values of other attributes are mapped to this one.")


async def _record(ctx: Ctx, topic: str, before: Attribute | None, after: Attribute | None) -> None:
    one = after or before
    assert one is not None
    changes = events.difference(before, after, AUDITED)
    old, new = (_below(before) if before else {}), (_below(after) if after else {})
    changes |= {path: (old.get(path), new.get(path)) for path in {**old, **new} if old.get(path) != new.get(path)}
    if changes:
        await events.record(ctx, topic, subject=f"product_attribute/{one.fqn}", changes=changes)


def _below(attribute: Attribute) -> dict[str, object]:
    """Labels and values by the paths under which changes of them are told."""
    found: dict[str, object] = {
        f"label/{one.locale}": {"text": one.text, "description": one.description} for one in attribute.labels
    }
    for word in attribute.words:
        found[f"value/{word.value}"] = {
            "position": word.position,
            "product_name": word.product_name,
            "mapped": word.mapped,
            "labels": {str(one.locale): one.text for one in word.labels},
        }
    return found
