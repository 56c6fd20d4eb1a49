"""How the demo shop is reached through the second dialect: an integration, and a sales channel for its first site."""

from datetime import datetime

import msgspec

from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import random_token
from patron.tenants import actions as tenants
from patron.tenants import programs

INTEGRATION_ID = "patron-demo-integration"
CHANNEL_ID = "patron-demo-sales-channel"
# The sites' names in scopes, in the order in which the shop has them.
CODES = ("us", "europe")


class Integration(msgspec.Struct, frozen=True):
    """How the shop's back end signs in."""

    client_id: str
    client_secret: str


class SalesChannel(msgspec.Struct, frozen=True):
    """How the shop's pages sign in, for themselves or with a shopper's password."""

    client_id: str
    scope: str


class CommerceLayer(msgspec.Struct, frozen=True):
    """What the second dialect's clients need, beside the domain."""

    organization: str
    integration: Integration
    sales_channel: SalesChannel


async def opens(db: Session, known: CommerceLayer, tenant_id: int) -> bool:
    """Whether the credentials are those of this database."""
    integration = await programs.by_client_id(db, known.integration.client_id)
    channel = await programs.by_client_id(db, known.sales_channel.client_id)
    if integration is None or channel is None or {integration.tenant_id, channel.tenant_id} != {tenant_id}:
        return False
    scopes = {f"market:code:{market.code}" for market in channel.markets}
    return (
        channel.slug == known.organization
        and known.sales_channel.scope in scopes
        and integration.knows(known.integration.client_secret)
    )


async def put(db: Session, revocations: Revocations, tenant_id: int, now: datetime) -> CommerceLayer:
    """The demo's programs, the integration with a new secret, and names for sites that have none."""
    secret = random_token()
    await _put_program(db, revocations, tenant_id, INTEGRATION_ID, "Demo back end", "integration", secret, now)
    await _put_program(db, revocations, tenant_id, CHANNEL_ID, "Demo storefront", "sales_channel", None, now)
    channel = await programs.by_client_id(db, CHANNEL_ID)
    assert channel is not None
    named = [market.code for market in channel.markets]
    for market, code in zip(channel.markets, CODES, strict=False):
        if market.code is None and code not in named:
            await tenants.set_site_code(db, tenant_id, market.id, code)
    channel = await programs.by_client_id(db, CHANNEL_ID)
    assert channel is not None
    first = next(market for market in channel.markets if market.code is not None)
    scope = f"market:code:{first.code}"
    return CommerceLayer(channel.slug, Integration(INTEGRATION_ID, secret), SalesChannel(CHANNEL_ID, scope))


async def _put_program(
    db: Session,
    revocations: Revocations,
    tenant_id: int,
    client_id: str,
    name: str,
    kind: str,
    secret: str | None,
    now: datetime,
) -> None:
    try:
        await tenants.renew_program(db, revocations, client_id, secret=secret)
    except NotFound:
        await tenants.create_program(
            db,
            tenant_id,
            client_id=client_id,
            name=name,
            kind=kind,
            secret=secret,
            takes_passwords=kind == "sales_channel",
            now=now,
        )
