"""`Ctx`: who is asking, for which tenant and site, when, and through which database session."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from patron.kernel.breaker import Breakers
from patron.kernel.caller import Actor, Site
from patron.kernel.db import Session
from patron.kernel.errors import Forbidden, Invalid
from patron.kernel.outbound import Outbound
from patron.kernel.remembered import Remembered
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a process needs to seal, sign, hash and revoke, and to ask others; one for the life of the process.

    `policies` are tenants' settings that it remembers.
    """

    vault: Vault
    keyring: Keyring
    passwords: Passwords
    revocations: Revocations
    outbound: Outbound = field(default_factory=Outbound)
    policies: Remembered[Any] = field(default_factory=Remembered)
    breakers: Breakers = field(default_factory=Breakers)


class Ctx(msgspec.Struct, frozen=True):
    """The first argument of every query and action. `now` is the only clock.

    `is_quiet`: webhooks do not hear of what happens, as when an import makes things.
    """

    tenant_id: int
    actor: Actor
    scopes: frozenset[str]
    now: datetime
    request_id: str
    db: Session
    secrets: Secrets
    site: Site | None = None
    is_quiet: bool = False

    def require(self, scope: str) -> None:
        """Refuse unless the caller holds the scope."""
        if scope not in self.scopes:
            raise Forbidden(f"This needs the behavior {scope}.")

    def require_owner(self) -> None:
        """Refuse whoever acts for a shopper what is for the shopper in person: signing in (Kibo behaviour 8.5)."""
        if self.actor.impersonator is not None:
            raise Forbidden("Whoever acts for a shopper may not change how the shopper signs in.")

    @property
    def at_site(self) -> Site:
        """The site of the request, for what only makes sense at one (tickets, mails, new accounts)."""
        if self.site is None:
            raise Invalid.field("site", "This call needs a site.")
        return self.site

    @property
    def application_id(self) -> int:
        """The application that is calling, for what belongs to one (tickets)."""
        if self.actor.application_id is None:
            raise Forbidden("This call needs an application.")
        return self.actor.application_id
