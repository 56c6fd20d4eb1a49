"""How applications sign in, and what they ask about the tenant (Kibo behaviour 2)."""

from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Problem
from patron.kibo.wire import Int32, Time, Wire, time
from patron.tenants import queries, tokens
from patron.web.operations import Call, Operation

_PATH = "/platform/applications/authtickets"
_GROUP = "Platform"


class OAuthRequest(msgspec.Struct):
    """The token call, as OAuth spells it."""

    client_id: str | None = None
    client_secret: str | None = None
    grant_type: str | None = None
    refresh_token: str | None = None


class OAuthTicket(msgspec.Struct):
    """The answer to the token call; `expires_in` is in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str | None
    refresh_token_expires_in: int | None


class AuthTicketRequest(Wire):
    """The older token call, and its refresh."""

    application_id: str | None = None
    shared_secret: str | None = None
    refresh_token: str | None = None


class AuthTicket(Wire):
    """The older answer."""

    access_token: str | None = None
    access_token_expiration: Time | None = None
    refresh_token: str | None = None
    refresh_token_expiration: Time | None = None


async def oauth(ctx: Ctx, call: Call) -> Any:
    """Sign an application in by its secret, or by its refresh token."""
    body: OAuthRequest = call.body
    grant_type = body.grant_type or "client_credentials"
    if grant_type not in ("client_credentials", "client", "refresh_token"):
        raise Invalid.field("grant_type", "is client_credentials")
    if body.refresh_token:
        ticket = await tokens.refresh(
            ctx.db, ctx.secrets, body.refresh_token, ctx.now, client_id=body.client_id, secret=body.client_secret
        )
    elif grant_type == "refresh_token":
        raise Invalid.field("refresh_token", "is needed", "missing")
    else:
        client_id, secret = _both("client_id", body.client_id, "client_secret", body.client_secret)
        ticket = await tokens.sign_in(ctx.db, ctx.secrets, client_id, secret, ctx.now)
    return OAuthTicket(
        ticket.access_token,
        "bearer",
        int((ticket.access_expires_at - ctx.now).total_seconds()),
        ticket.refresh_token,
        int((ticket.refresh_expires_at - ctx.now).total_seconds()),
    )


def _both(first: str, one: str | None, second: str, other: str | None) -> tuple[str, str]:
    """Two texts that must be there. Raises Invalid naming those that are missing."""
    problems = [Problem(name, "is needed", "missing") for name, text in ((first, one), (second, other)) if not text]
    if problems:
        raise Invalid(*problems)
    return one or "", other or ""


async def legacy_sign_in(ctx: Ctx, call: Call) -> Any:
    """The older token call."""
    body: AuthTicketRequest = call.body
    client_id, secret = _both("applicationId", body.application_id, "sharedSecret", body.shared_secret)
    return _legacy(await tokens.sign_in(ctx.db, ctx.secrets, client_id, secret, ctx.now))


async def legacy_refresh(ctx: Ctx, call: Call) -> Any:
    """The older refresh."""
    if not call.body.refresh_token:
        raise Invalid.field("refreshToken", "is needed", "missing")
    return _legacy(await tokens.refresh(ctx.db, ctx.secrets, call.body.refresh_token, ctx.now))


def _legacy(ticket: tokens.ApplicationTicket) -> AuthTicket:
    return AuthTicket(
        access_token=ticket.access_token,
        access_token_expiration=time(ticket.access_expires_at),
        refresh_token=ticket.refresh_token,
        refresh_token_expiration=time(ticket.refresh_expires_at),
    )


class Catalog(Wire):
    """A catalog of the tenant."""

    id: Int32
    name: str
    tenant_id: Int32
    default_currency_code: str
    default_locale_code: str
    master_catalog_id: Int32 | None = None


class MasterCatalog(Wire):
    """The tenant's one master catalog: Patron keeps no products, yet clients want to see one."""

    id: Int32
    name: str
    tenant_id: Int32
    default_currency_code: str
    default_locale_code: str
    supported_locale_codes: list[str]
    catalogs: list[Catalog]


class TenantSite(Wire):
    """A site. Clients look it up by `siteId` and by `id`."""

    id: Int32
    site_id: Int32
    name: str
    tenant_id: Int32
    catalog_id: Int32
    country_code: str
    currency_code: str
    locale_code: str
    domain: str
    primary_custom_domain: str | None = None
    attributes: list[Any] = msgspec.field(default_factory=list)


class TenantBody(Wire):
    """A tenant. `domain` is where the client goes on: the very address that it reached."""

    id: Int32
    name: str
    domain: str
    is_dev_tenant: bool
    master_catalogs: list[MasterCatalog]
    sites: list[TenantSite]
    is_unified: bool = True
    expiry: None = None
    last_login_date: None = None
    attributes: list[Any] = msgspec.field(default_factory=list)


async def get_tenant(ctx: Ctx, call: Call) -> Any:
    """The caller's tenant with its sites."""
    tenant_id = call.id("tenantId", "tenant")
    if tenant_id != ctx.tenant_id:
        raise NotFound("tenant", tenant_id)
    tenant = await queries.get(ctx.db, tenant_id)
    sites = await queries.sites(ctx.db, tenant_id)
    currency, locale = (sites[0].currency, sites[0].locale) if sites else ("USD", "en-US")
    catalog = Catalog(
        id=1,
        name=tenant.name,
        tenant_id=tenant_id,
        master_catalog_id=1,
        default_currency_code=currency,
        default_locale_code=locale,
    )
    return TenantBody(
        id=tenant_id,
        name=tenant.name,
        domain=call.host,
        is_dev_tenant=tenant.mode == "test",
        master_catalogs=[
            MasterCatalog(
                id=1,
                name=tenant.name,
                tenant_id=tenant_id,
                default_currency_code=currency,
                default_locale_code=locale,
                supported_locale_codes=sorted({s.locale for s in sites}) or [locale],
                catalogs=[catalog],
            )
        ],
        sites=[
            TenantSite(
                id=s.id,
                site_id=s.id,
                name=s.name,
                tenant_id=tenant_id,
                catalog_id=1,
                country_code=s.country,
                currency_code=s.currency,
                locale_code=s.locale,
                domain=s.domain.rpartition("://")[2] or call.host,  # a host, as clients expect; mail links want more
            )
            for s in sites
        ],
    )


async def revoke(ctx: Ctx, call: Call) -> Any:
    """End a refresh token early. Answers alike for one that is no token."""
    await tokens.revoke(ctx.db, ctx.secrets, call.path["refreshToken"], ctx.now)


_OPEN: dict[str, Any] = {"group": _GROUP, "authenticated": False, "shopper": "open"}

OPERATIONS = (
    Operation(
        id="oauth", method="POST", path=f"{_PATH}/oauth", handler=oauth, body=OAuthRequest, answer=OAuthTicket,
        summary="Sign an application in", **_OPEN,
    ),
    Operation(
        id="createAuthTicket", method="POST", path=_PATH, handler=legacy_sign_in, body=AuthTicketRequest,
        answer=AuthTicket, summary="Sign an application in (older clients)", **_OPEN,
    ),
    Operation(
        id="refreshAuthTicket", method="PUT", path=f"{_PATH}/refresh-ticket", handler=legacy_refresh,
        body=AuthTicketRequest, answer=AuthTicket, summary="Refresh an application's ticket (older clients)", **_OPEN,
    ),
    Operation(
        id="deleteAuthTicket", method="DELETE", path=f"{_PATH}/{{refreshToken}}", handler=revoke, status=204,
        summary="Let go of an application's ticket (older clients)", **_OPEN,
    ),
    Operation(
        _GROUP, "getTenant", "GET", "/platform/tenants/{tenantId}", get_tenant, shopper="open", answer=TenantBody,
        summary="Read the tenant and its sites",
    ),
)  # fmt: skip
