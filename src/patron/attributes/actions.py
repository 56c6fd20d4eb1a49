"""Changes of attribute values. Every one raises the account's version.

Who writes shares a lock on the definitions, so that none of them changes meanwhile (see `definitions`).
"""

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.accounts.model import Account
from patron.attributes import queries
from patron.attributes.entering import Given, entered
from patron.attributes.model import FAMILIES, Attribute, Definition
from patron.attributes.values import Value, checked, is_blank
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.definitions import fqn_key
from patron.kernel.errors import Forbidden, Invalid, NotFound, Refused, Taken, check_version


async def add(ctx: Ctx, account_id: int, fqn: str | None, values: list[object]) -> Attribute:
    """Set an attribute that the account does not have yet. Raises NotFound, Forbidden, Invalid, Taken."""
    if not fqn:
        raise Invalid.field("fully_qualified_name", "is needed", "missing")
    definition = await _definition(ctx, account_id, fqn)
    stored = _checked(ctx, definition, values)
    if definition.id in await _held(ctx, account_id):
        raise Taken("attribute", "fully_qualified_name")
    (after,) = await _write(ctx, account_id, [(definition, stored)])
    await _record(ctx, None, after)
    return after


async def update(
    ctx: Ctx, account_id: int, fqn: str, values: list[object], *, expect: frozenset[int] | None = None
) -> Attribute:
    """Replace the values of an attribute that the account has. Raises NotFound, Forbidden, Stale, Invalid."""
    definition = await _definition(ctx, account_id, fqn)
    before = await _one(ctx, account_id, definition)
    check_version(before.version, expect)
    stored = _checked(ctx, definition, values)
    (after,) = await _write(ctx, account_id, [(definition, stored)])
    await _record(ctx, before, after)
    return after


async def delete(ctx: Ctx, account_id: int, fqn: str, *, expect: frozenset[int] | None = None) -> None:
    """Take an attribute off an account. Raises NotFound, Forbidden, Stale, or Invalid when a shopper must have it."""
    definition = await _definition(ctx, account_id, fqn)
    before = await _one(ctx, account_id, definition)
    check_version(before.version, expect)
    _checked(ctx, definition, [])
    await _remove(ctx, account_id, [before])


async def insert(ctx: Ctx, account: Account, given: Given) -> list[Attribute]:
    """Set attributes of an account that the caller has just made; the caller records them with it.

    Raises NotFound, Forbidden, or Invalid with every fault: also for what a shopper has to give and did not.
    """
    if not given and ctx.actor.kind != "shopper":
        return []
    definitions = await _definitions(ctx, account, given, held=[])
    written = await _write(ctx, account.id, entered(definitions, given, by_shopper=ctx.actor.kind == "shopper"))
    order = list(definitions)
    return sorted(written, key=lambda one: order.index(one.fqn.lower()))


async def replace(ctx: Ctx, account: Account, given: Given) -> None:
    """Make these the attributes of an account that the caller has locked: the named are set, others are removed.

    A shopper's call leaves alone what the shopper cannot see or write; sent back as it is, it is no fault (storefronts
    send the account as they read it). Raises NotFound, Forbidden, Invalid.
    """
    held = await _held(ctx, account.id)
    definitions = await _definitions(ctx, account, given, held=list(held))
    stored = {one.definition_id: one.values for one in held.values()}
    changes = entered(definitions, given, by_shopper=ctx.actor.kind == "shopper", held=stored)
    kept = {definitions[name.lower()].id for name in given} | _out_of_reach(ctx, definitions, held)
    for after in await _write(ctx, account.id, changes):
        await _record(ctx, held.get(after.definition_id), after)
    await _remove(ctx, account.id, [one for one in held.values() if one.definition_id not in kept])


async def check_family(ctx: Ctx, account: Account) -> None:
    """Refuse another type for an account whose attributes belong to the old one (Kibo behaviour 9.2)."""
    strange = await ctx.db.value(
        f"select exists (select from {queries.SOURCE} where v.tenant_id = $1 and v.account_id = $2 and f.family <> $3)",
        ctx.tenant_id,
        account.id,
        FAMILIES[account.account_type],
    )
    if strange:
        raise Refused("attributes_of_other_family", "The account has attributes of its type: remove those first.")


async def _definition(ctx: Ctx, account_id: int, fqn: str) -> Definition:
    """What a value is to be set by, with the account locked. Raises NotFound, Forbidden."""
    await accounts.touch(ctx, account_id)
    account = await account_queries.get(ctx, account_id)
    key = fqn_key(fqn)
    found = (await _definitions(ctx, account, [fqn], held=[])).get(key) if key else None
    if found is None:
        raise NotFound("attribute definition", fqn[:60])
    if ctx.actor.kind == "shopper" and not found.is_written_by_shoppers:
        raise Forbidden("A shopper may not change this attribute.")
    return found


async def _definitions(
    ctx: Ctx, account: Account, names: Given | list[str], *, held: list[int]
) -> dict[str, Definition]:
    """The definitions of an account's type with these names or ids, by key; for a shopper those that are required too.

    They are in order, and nobody changes them until the transaction ends.
    """
    rows = await ctx.db.fetch(
        f"""
        select {queries.DEFINITION} from attribute_definition f
        where f.tenant_id = $1 and f.family = $2
          and (f.fqn_key = any($3) or f.id = any($4) or ($5 and f.is_required)) order by f.position, f.id for share
        """,
        ctx.tenant_id,
        FAMILIES[account.account_type],
        [key for name in names if (key := fqn_key(name))],
        held,
        ctx.actor.kind == "shopper",
    )
    return {one.fqn.lower(): one for one in map(queries.read_definition, rows)}


async def _held(ctx: Ctx, account_id: int) -> dict[int, Attribute]:
    found = await queries.by_accounts(ctx, [account_id])
    return {one.definition_id: one for one in found.get(account_id, ())}


async def _one(ctx: Ctx, account_id: int, definition: Definition) -> Attribute:
    found = (await _held(ctx, account_id)).get(definition.id)
    if found is None:
        raise NotFound("attribute", definition.fqn)
    return found


def _checked(ctx: Ctx, definition: Definition, values: list[object]) -> list[Value]:
    """Values as they are stored. What is required is required of shoppers only (Kibo behaviour 9.2). Raises Invalid."""
    stored = checked(definition, values)
    if ctx.actor.kind == "shopper" and definition.is_asked_of_shoppers and is_blank(stored):
        raise Invalid.field(definition.fqn, "is needed", "missing")
    return stored


def _out_of_reach(ctx: Ctx, definitions: dict[str, Definition], held: dict[int, Attribute]) -> set[int]:
    """The attributes that this caller cannot remove by leaving them out."""
    if ctx.actor.kind != "shopper":
        return set()
    return held.keys() - {one.id for one in definitions.values() if one.is_for_shoppers and one.is_written_by_shoppers}


async def _write(ctx: Ctx, account_id: int, changes: list[tuple[Definition, list[Value]]]) -> list[Attribute]:
    """Set values, in one statement.

    Versions start at the clock, so that an attribute that was removed and is set again does not repeat an ETag.
    """
    if not changes:
        return []
    rows = await ctx.db.fetch(
        """
        insert into attribute as v (tenant_id, account_id, definition_id, version, "values", created_at, created_by,
                                    updated_at, updated_by)
        select $1, $2, given.id, $5, given.stored, $3, $4, $3, $4
        from jsonb_to_recordset($6) as given (id bigint, stored jsonb)
        on conflict (tenant_id, account_id, definition_id) do update
        set "values" = excluded."values", version = v.version + 1, updated_at = $3, updated_by = $4
        returning v.definition_id, v.version, v.created_at, v.created_by
        """,
        ctx.tenant_id,
        account_id,
        ctx.now,
        ctx.actor.name,
        int(ctx.now.timestamp() * 1000),
        [{"id": definition.id, "stored": stored} for definition, stored in changes],
    )
    given = {definition.id: (definition, stored) for definition, stored in changes}
    written = []
    for definition_id, version, created_at, created_by in rows:
        definition, stored = given[definition_id]
        seen = (definition.fqn, definition.display_group, definition.is_visible, definition.is_active)
        stamps = (created_at, created_by, ctx.now, ctx.actor.name)
        written.append(Attribute(definition_id, version, account_id, *seen, stored, *stamps))
    return written


async def _remove(ctx: Ctx, account_id: int, attributes: list[Attribute]) -> None:
    if not attributes:
        return
    await ctx.db.execute(
        "delete from attribute where tenant_id = $1 and account_id = $2 and definition_id = any($3)",
        ctx.tenant_id,
        account_id,
        [one.definition_id for one in attributes],
    )
    for one in attributes:
        await _record(ctx, one, None)


async def _record(ctx: Ctx, before: Attribute | None, after: Attribute | None) -> None:
    one = after or before
    assert one is not None
    old, new = before.values if before else None, after.values if after else None
    if old != new:
        verb = "created" if before is None else "deleted" if after is None else "updated"
        path = f"attribute/{one.fqn}"
        await events.record(
            ctx, f"attribute.{verb}", account_id=one.account_id, subject=path, changes={path: (old, new)}
        )
