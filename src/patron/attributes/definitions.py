"""Changes of attribute definitions. There is no deletion: one that is no longer wanted is made inactive."""

import msgspec

from patron.attributes import rules
from patron.attributes.model import AUDITED, Definition, Details
from patron.attributes.queries import DEFINITION, read_definition
from patron.attributes.values import word_value
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.definitions import fqn_key
from patron.kernel.errors import NotFound, Refused, check_version

_WRITTEN = tuple(name for name in Details.__struct_fields__ if name not in ("code", "namespace"))
_ENCODER = msgspec.json.Encoder(decimal_format="number")


async def create(ctx: Ctx, family: str, details: Details) -> Definition:
    """A new definition. Raises Invalid, Refused for types that do not go together, Taken for a name in use."""
    details = rules.checked(details)
    fqn = f"{details.namespace}~{details.code}"
    columns = ", ".join(_WRITTEN)
    places = ", ".join(f"${n}" for n in range(9, 9 + len(_WRITTEN)))
    row = await ctx.db.row(
        f"""
        insert into attribute_definition as f (tenant_id, family, namespace, code, fqn, fqn_key, created_at, created_by,
                                               updated_at, updated_by, {columns})
        values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8, {places}) returning {DEFINITION}
        """,
        ctx.tenant_id,
        family,
        details.namespace,
        details.code,
        fqn,
        fqn.lower(),
        ctx.now,
        ctx.actor.name,
        *(getattr(details, name) for name in _WRITTEN),
    )
    assert row is not None
    after = read_definition(row)
    await _record(ctx, "definition.created", None, after)
    return after


async def update(
    ctx: Ctx, family: str, fqn: str, details: Details, *, expect: frozenset[int] | None = None
) -> Definition:
    """Replace a definition, but for its names and types.

    Raises NotFound, Stale, Invalid, or Refused for what values in use do not allow.
    """
    before = await _lock(ctx, family, fqn)
    check_version(before.version, expect)
    details = rules.changed(before, details)
    await _check_use(ctx, before, details)
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(_WRITTEN, start=5))
    row = await ctx.db.row(
        f"""
        update attribute_definition as f set version = version + 1, updated_at = $3, updated_by = $4, {places}
        where f.tenant_id = $1 and f.id = $2 returning {DEFINITION}
        """,
        ctx.tenant_id,
        before.id,
        ctx.now,
        ctx.actor.name,
        *(getattr(details, name) for name in _WRITTEN),
    )
    assert row is not None
    after = read_definition(row)
    await _record(ctx, "definition.updated", before, after)
    return after


async def _lock(ctx: Ctx, family: str, fqn: str) -> Definition:
    """The definition, locked: whoever is setting values by it (`actions`) ends first, or waits."""
    row = await ctx.db.row(
        f"""
        select {DEFINITION} from attribute_definition f
        where f.tenant_id = $1 and f.family = $2 and f.fqn_key = $3 for update
        """,
        ctx.tenant_id,
        family,
        fqn_key(fqn),
    )
    if row is None:
        raise NotFound("attribute definition", fqn[:60])
    return read_definition(row)


async def _check_use(ctx: Ctx, before: Definition, after: Details) -> None:
    """Refuse to take away what accounts use: a word of the vocabulary, or the room for several values."""
    kept = {word.value for word in after.vocabulary}
    removed = [word.value for word in before.vocabulary if word.value not in kept]
    values = [_ENCODER.encode([word_value(before, word)]).decode() for word in removed]
    narrowed = before.is_multi_valued and not after.is_multi_valued
    if not values and not narrowed:
        return
    row = await ctx.db.row(
        """
        select exists (select from attribute v where v.tenant_id = $1 and v.definition_id = $2
                       and v."values" @> any($3::text[]::jsonb[])),
               $4 and exists (select from attribute v where v.tenant_id = $1 and v.definition_id = $2
                              and jsonb_array_length(v."values") > 1)
        """,
        ctx.tenant_id,
        before.id,
        values,
        narrowed,
    )
    assert row is not None
    if row[0]:
        raise Refused("vocabulary_in_use", "A vocabulary value that accounts have cannot be removed; hide it instead.")
    if row[1]:
        raise Refused("attribute_multi_valued", "Accounts have several values of this attribute.")


async def _record(ctx: Ctx, topic: str, before: Definition | None, after: Definition) -> None:
    changes = events.difference(before, after, AUDITED)
    if changes:
        await events.record(ctx, topic, subject=f"definition/{after.family}/{after.fqn}", changes=changes)
