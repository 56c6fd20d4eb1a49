"""Reads of tenants, sites, customer sets and applications."""

from typing import Any

import msgspec

from patron.kernel.caller import Site
from patron.kernel.context import Ctx
from patron.kernel.db import Row, Session
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page
from patron.kernel.secrets import digest, same
from patron.kernel.sql import Listing, page
from patron.tenants.model import Application, CustomerSet, Policy, RegisteredApplication, Tenant, merged

_SITES = """(
    select coalesce(json_agg(json_build_object('id', s.id, 'name', s.name, 'customer_set', s.customer_set_code,
        'country', s.country, 'currency', s.currency, 'locale', s.locale, 'domain', s.domain) order by s.id), '[]')
    from site s where s.tenant_id = $1 {more})"""
# The language of a tenant's catalog: that of its first site.
DEFAULT_LOCALE = """coalesce((select s.locale from site s where s.tenant_id = $1 order by s.id limit 1), 'en-US')"""
_SITES_DECODER = msgspec.json.Decoder(tuple[Site, ...])


async def get(db: Session, tenant_id: int) -> Tenant:
    """A tenant by id."""
    row = await db.row("select id, name, slug, mode, settings from tenant where id = $1", tenant_id)
    if row is None:
        raise NotFound("tenant", tenant_id)
    return Tenant(*row)


async def every(db: Session) -> list[Tenant]:
    """All tenants, the oldest first."""
    return [Tenant(*row) for row in await db.fetch("select id, name, slug, mode, settings from tenant order by id")]


async def account_total(db: Session, tenant_id: int) -> int:
    """How many accounts a tenant has, from its counters."""
    return int(
        await db.value("select coalesce(sum(accounts), 0)::bigint from account_count where tenant_id = $1", tenant_id)
    )


async def sites(db: Session, tenant_id: int) -> tuple[Site, ...]:
    """All sites of a tenant."""
    return _SITES_DECODER.decode(await db.value(f"select {_SITES.format(more='')}", tenant_id))


async def site_codes(db: Session, tenant_id: int) -> dict[int, str | None]:
    """What scopes of the second dialect call a tenant's sites."""
    return {
        row["id"]: row["code"] for row in await db.fetch("select id, code from site where tenant_id = $1", tenant_id)
    }


async def default_locale(ctx: Ctx) -> str:
    """The language of the tenant's catalog."""
    return str(await ctx.db.value(f"select {DEFAULT_LOCALE}", ctx.tenant_id))


def settings_subject(tenant_id: int) -> str:
    """The name under which what is remembered of a tenant's settings is revoked."""
    return f"settings {tenant_id}"


def sites_subject(tenant_id: int) -> str:
    """The name under which what is remembered of a tenant's sites is revoked: callers know them."""
    return f"sites {tenant_id}"


async def policy(ctx: Ctx) -> Policy:
    """The tenant's settings at the request's site. Server processes remember them until somebody changes them."""
    remembered, key = ctx.secrets.policies, f"{ctx.tenant_id} {ctx.site.id if ctx.site else ''}"
    found: Policy | None = remembered.get(key)
    if found is None:
        check = remembered.check()
        found = await _policy(ctx)
        remembered.put(key, found, check, subjects=(settings_subject(ctx.tenant_id),))
    return found


async def _policy(ctx: Ctx) -> Policy:
    row = await ctx.db.row(
        """
        select t.settings, (select s.settings from site s where s.tenant_id = $1 and s.id = $2) from tenant t
        where t.id = $1
        """,
        ctx.tenant_id,
        ctx.site.id if ctx.site else None,
    )
    assert row is not None
    return merged(*row)


async def site_settings(db: Session, tenant_id: int, site_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is set for a tenant, and what one of its sites has set in its place. Raises NotFound."""
    row = await db.row(
        """
        select t.settings, s.settings from tenant t join site s on s.tenant_id = $1 and s.id = $2 where t.id = $1
        """,
        tenant_id,
        site_id,
    )
    if row is None:
        raise NotFound("site", site_id)
    return row[0], row[1]


async def application(db: Session, tenant_id: int, application_id: int) -> Application | None:
    """An application that is in use, by id."""
    row = await db.row(
        f"""
        select a.tenant_id, a.id, a.client_id, a.behaviors, a.site_id,
               {_SITES.format(more="")} as sites
        from application a where a.tenant_id = $1 and a.id = $2 and a.is_active
        """,
        tenant_id,
        application_id,
    )
    return _application(row) if row else None


async def applications(db: Session, tenant_id: int) -> list[RegisteredApplication]:
    """All applications of a tenant, those that are switched off too."""
    rows = await db.fetch(
        """
        select client_id, name, kind, behaviors, site_id, is_active, created_at from application
        where tenant_id = $1 order by id
        """,
        tenant_id,
    )
    return [RegisteredApplication(*row) for row in rows]


async def application_by_secret(db: Session, client_id: str, secret: str) -> Application | None:
    """The application that proves itself with its secret."""
    found = await db.row("select tenant_id, application_id from application_directory where client_id = $1", client_id)
    stored = None
    if found is not None:
        stored = await db.value(
            "select secret_digest from application where tenant_id = $1 and id = $2 and is_active and kind = 'backend'",
            *found,
        )
    if not same(stored or b"\0" * 32, digest(secret)) or found is None:
        return None
    return await application(db, *found)


async def is_ended(db: Session, tenant_id: int, token_id: str) -> bool:
    """Whether an application's refresh token was ended early."""
    return bool(
        await db.value("select exists (select from ended_token where tenant_id = $1 and id = $2)", tenant_id, token_id)
    )


def _application(row: Row) -> Application:
    return Application(
        tenant_id=row["tenant_id"],
        id=row["id"],
        client_id=row["client_id"],
        behaviors=frozenset(row["behaviors"]),
        site_id=row["site_id"],
        sites=_SITES_DECODER.decode(row["sites"]),
    )


CUSTOMER_SET_FIELDS: dict[str, Field] = {
    "code": Field("c.code", sort='c.code collate "C"'),
    "name": Field("c.name", sort='lower(c.name) collate "C"'),
    "description": Field("c.description", sort="lower(coalesce(c.description, '')) collate \"C\""),
    "is_default": Field("c.is_default", "bool", sort="c.is_default"),
    "created_at": Field("c.created_at", "time", sort="c.created_at"),
    "updated_at": Field("c.updated_at", "time", sort="c.updated_at"),
}

_CUSTOMER_SETS = Listing(
    select=f"""c.code, c.name, c.description, c.is_default, c.created_at, c.updated_at,
        (select coalesce(sum(n.accounts), 0)::bigint from account_count n
         where n.tenant_id = $1 and n.customer_set_code = c.code) as accounts,
        {_SITES.format(more="and s.customer_set_code = c.code")} as sites""",
    source="customer_set c",
    where="c.tenant_id = $1",
    fields=CUSTOMER_SET_FIELDS,
    identity='c.code collate "C"',
    identity_kind="text",
)


async def customer_sets(ctx: Ctx, ask: Ask) -> Page[CustomerSet]:
    """The tenant's customer sets, with their sites and how many accounts each has."""
    found = await page(ctx, _CUSTOMER_SETS, ask)
    return Page([_customer_set(row) for row in found.items], found.total, found.next_cursor)


async def customer_set(ctx: Ctx, code: str) -> CustomerSet:
    """One customer set by its code, in any case."""
    row = await ctx.db.row(
        f"select {_CUSTOMER_SETS.select} from customer_set c where c.tenant_id = $1 and lower(c.code) = lower($2)",
        ctx.tenant_id,
        code,
    )
    if row is None:
        raise NotFound("customer set", code[:40])
    return _customer_set(row)


async def set_code(ctx: Ctx, named: str | None) -> str:
    """The code of the customer set that a caller named in any case; the site's own when none was named."""
    if not named:
        return ctx.at_site.customer_set
    code = await ctx.db.value(
        "select code from customer_set where tenant_id = $1 and lower(code) = lower($2)", ctx.tenant_id, named
    )
    return str(code or named)


def _customer_set(row: Row) -> CustomerSet:
    return CustomerSet(*row[:7], sites=_SITES_DECODER.decode(row["sites"]))  # type: ignore[misc]
