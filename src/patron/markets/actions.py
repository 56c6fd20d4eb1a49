"""Changes of markets: what requests of all programs know of a tenant's sites, so every process hears of them."""

from collections.abc import Mapping
from typing import Any

from patron.attachments import owners as attachments
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.written import check_length
from patron.markets.model import checked
from patron.tenants.queries import sites_subject

_URLS = ("checkout_url", "external_prices_url", "external_order_validation_url")
_LENGTHS = {"facebook_pixel_id": 200, **dict.fromkeys(_URLS, 2_000)}
_TOLD = ("name", "code", "group_id", "disabled_at", "reference", "reference_origin", "metadata")


async def create(ctx: Ctx, given: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    """A site of the default customer set, in country, currency and language like the tenant's first one.

    `given` are columns, `options` what is kept and nothing depends on. Raises Invalid, Taken.
    """
    values = await _values(ctx, given, options, is_new=True)
    places = ", ".join(f"${n}" for n in range(3, len(values) + 3))
    number = int(
        await ctx.db.value(
            f"""
            insert into site (tenant_id, created_at, updated_at, customer_set_code, country, currency, locale, domain,
                              {", ".join(values)})
            select $1, $2, $2, c.code, coalesce(f.country, 'US'), coalesce(f.currency, 'USD'),
                   coalesce(f.locale, 'en-US'), coalesce(f.domain, ''), {places}
            from customer_set c left join lateral (
                select s.country, s.currency, s.locale, s.domain from site s where s.tenant_id = $1
                order by s.customer_set_code <> c.code, s.id limit 1) f on true
            where c.tenant_id = $1 and c.is_default
            returning id
            """,
            ctx.tenant_id,
            ctx.now,
            *values.values(),
        )
    )
    changes: events.Changes = {name: (None, values[name]) for name in _TOLD if values.get(name)}
    await _record(ctx, "site.created", number, changes)
    return number


async def update(
    ctx: Ctx,
    number: int,
    given: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    expect: frozenset[int] | None = None,
) -> None:
    """Change what is given. Raises NotFound, Stale, Invalid, Taken."""
    before = await _lock(ctx, number, expect)
    values = await _values(ctx, given, {**before["options"], **options}, is_new=False)
    if all(before[name] == value for name, value in values.items()):
        return
    places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
    await ctx.db.execute(
        f"update site set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
        ctx.tenant_id,
        number,
        ctx.now,
        *values.values(),
    )
    changes: events.Changes = {
        name: (before[name], values[name]) for name in _TOLD if name in values and values[name] != before[name]
    }
    await _record(ctx, "site.updated", number, changes)


async def switch(ctx: Ctx, number: int, *, on: bool) -> None:
    """Let scopes open it, or not any more; asked again it changes nothing. Raises NotFound."""
    before = await _lock(ctx, number, None)
    if (before["disabled_at"] is None) != on:
        await update(ctx, number, {"disabled_at": None if on else ctx.now}, {})


async def delete(ctx: Ctx, number: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove one that nothing names, and that is not the last. Raises NotFound, Stale, Refused."""
    before = await _lock(ctx, number, expect)
    if named := await _named_by(ctx, number):
        raise Refused("market_used", f"The market is named by {named}.")
    await attachments.forget(ctx, "site", [number])
    await ctx.db.execute("delete from site where tenant_id = $1 and id = $2", ctx.tenant_id, number)
    await _record(ctx, "site.deleted", number, {name: (before[name], None) for name in ("name", "code")})


async def _named_by(ctx: Ctx, number: int) -> str | None:
    """What keeps a site, which is locked, from going: nothing new can name it now."""
    row = await ctx.db.row(
        """
        select not exists (select from site s join customer_set c on c.tenant_id = $1 and c.code = s.customer_set_code
                   and c.is_default where s.tenant_id = $1 and s.id <> $2) as "the organization, whose last one it is",
               exists (select from store t where t.tenant_id = $1 and t.site_id = $2) as stores,
               exists (select from shop_order o where o.tenant_id = $1 and o.site_id = $2) as orders,
               exists (select from order_subscription u where u.tenant_id = $1 and u.site_id = $2)
                   as "order subscriptions",
               exists (select from application a where a.tenant_id = $1 and a.site_id = $2) as applications,
               exists (select from import_job i where i.tenant_id = $1 and i.site_id = $2) as imports,
               exists (select from export_job e where e.tenant_id = $1 and e.site_id = $2) as exports,
               exists (select from visit v where v.tenant_id = $1 and v.site_id = $2) as visits
        """,
        ctx.tenant_id,
        number,
    )
    assert row is not None
    return next((name for name, is_so in row.items() if is_so), None)


async def _values(ctx: Ctx, given: Mapping[str, Any], options: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    values = checked(given, is_new=is_new)
    for name, length in _LENGTHS.items():
        check_length(name, options.get(name), length)
    if options:
        values["options"] = {name: value for name, value in options.items() if value is not None}
    if "disabled_at" in given:
        values["disabled_at"] = given["disabled_at"]
    if "group_id" in given:
        values["group_id"] = given["group_id"]
        if given["group_id"] is not None and not await ctx.db.value(
            "select s.id from segment s where s.tenant_id = $1 and s.id = $2 and s.kind = 'group' for key share",
            ctx.tenant_id,
            given["group_id"],
        ):
            raise Invalid.field("group_id", "must exist", "required")
    return values


async def _lock(ctx: Ctx, number: int, expect: frozenset[int] | None) -> Row:
    row = await ctx.db.row(
        """
        select s.version, s.name, s.code, s.group_id, s.disabled_at, s.options, s.reference, s.reference_origin,
               s.metadata
        from site s join customer_set c on c.tenant_id = $1 and c.code = s.customer_set_code and c.is_default
        where s.tenant_id = $1 and s.id = $2 for update of s
        """,
        ctx.tenant_id,
        number,
    )
    if row is None:
        raise NotFound("market", number)
    check_version(row["version"], expect)
    return row


async def _record(ctx: Ctx, topic: str, number: int, changes: events.Changes) -> None:
    await events.record(ctx, topic, subject=f"site/{number}", changes=changes)
    await ctx.secrets.revocations.announce(ctx.db, sites_subject(ctx.tenant_id))
