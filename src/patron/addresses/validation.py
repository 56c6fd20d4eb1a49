"""Checking an address: the tenant's service is asked if there is one; the country's rules always have an answer."""

import asyncio
import base64
from typing import Protocol

import structlog
from prometheus_client import Counter

from patron.addresses import offline
from patron.addresses.google import Google
from patron.addresses.model import Outcome, Place, tidied
from patron.kernel.context import Ctx
from patron.kernel.outbound import CallFailed
from patron.tenants.actions import ADDRESS_KEY_PURPOSE
from patron.tenants.model import AddressPolicy, AddressProvider

# With more addresses in one request none is sent out: the caller would wait too long.
ASKED_AT_ONCE_MAX = 10

log = structlog.get_logger()

_CHECKS = Counter("patron_address_checks_total", "Addresses checked.", ["by"])


class Provider(Protocol):
    """A service that knows addresses."""

    async def check(self, place: Place) -> Outcome | None:
        """What it says of an address; None for a country that it does not know. Raises CallFailed."""
        ...


PROVIDERS = {"google": Google}


async def check(ctx: Ctx, policy: AddressPolicy, place: Place) -> Outcome:
    """Whether an address is right. Holds no database connection; takes as long as a call out may (3 seconds)."""
    found = await asyncio.to_thread(offline.check, place)
    if policy.provider is not None and _can_be_asked(found):
        said = await _asked(ctx, policy.provider, tidied(place)[0])
        _CHECKS.labels("provider" if said else "rules_instead").inc()
        return said or found
    _CHECKS.labels("rules").inc()
    return found


def _can_be_asked(found: Outcome) -> bool:
    """Whether a service could make anything of an address: what it lacks or mixes up may be mended, but no more."""
    return not any(
        one.field in ("country", "kind") or one.code == "too_long" or (one.field, one.code) == ("line_1", "missing")
        for one in found.problems
    )


async def check_many(ctx: Ctx, policy: AddressPolicy, places: list[Place]) -> list[Outcome]:
    """The same for all addresses of one request."""
    if policy.provider is not None and len(places) <= ASKED_AT_ONCE_MAX:
        return list(await asyncio.gather(*(check(ctx, policy, place) for place in places)))
    _CHECKS.labels("rules").inc(len(places))
    return await asyncio.to_thread(lambda: [offline.check(place) for place in places])


async def _asked(ctx: Ctx, settings: AddressProvider, place: Place) -> Outcome | None:
    """What the service says; None when it does not know the country, does not answer, or has not for a while."""
    breaker = ctx.secrets.breakers.of(f"addresses {ctx.tenant_id} {settings.name} {settings.url}")
    if not breaker.admits(ctx.now):
        return None
    key = ctx.secrets.vault.open(base64.b64decode(settings.sealed_key), ADDRESS_KEY_PURPOSE).decode()
    provider: Provider = PROVIDERS[settings.name](ctx.secrets.outbound, settings.url, key)
    try:
        said = await provider.check(place)
    except CallFailed as error:
        breaker.failed(ctx.now)
        log.warning("address service failed", tenant=ctx.tenant_id, request_id=ctx.request_id, reason=str(error))
        return None
    breaker.succeeded()
    return said
