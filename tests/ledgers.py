"""Ledgers under test: a tenant spoken to below the faces, with a clock of its own, and a look at all of its sums."""

from datetime import datetime, timedelta

from patron.credits import verification
from patron.credits.verification import Drift
from patron.kernel.caller import SYSTEM, Site
from patron.kernel.clock import clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database, Session
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, random_token
from patron.kernel.tokens import Keyring
from patron.tenants import actions as tenants
from patron.tenants import queries as tenant_queries
from patron.tenants.model import BEHAVIORS


class Till:
    """A tenant with a site, and the ctx of a call at any moment."""

    def __init__(self, database: Database, tenant_id: int, site: Site, secrets: Secrets) -> None:
        self.database = database
        self.tenant_id = tenant_id
        self._site = site
        self._secrets = secrets
        self.now: datetime = clock()

    @classmethod
    async def open(cls, database: Database) -> "Till":
        """A new tenant."""
        db, name = database.session(), random_token(6)
        tenant_id = await tenants.create_tenant(db, name=f"Till {name}", slug=name, mode="test", now=clock())
        await tenants.create_site(db, tenant_id, name="Main street", domain="shop.test", now=clock())
        (site,) = await tenant_queries.sites(db, tenant_id)
        vault, passwords = Vault(bytes(32)), Passwords()
        passwords.close()
        secrets = Secrets(vault, Keyring(vault, "patron"), passwords, Revocations(database, lambda _subject: None))
        return cls(database, tenant_id, site, secrets)

    def ctx(self) -> Ctx:
        """A call of the shop's own, now."""
        db = self.database.session()
        return Ctx(self.tenant_id, SYSTEM, frozenset(BEHAVIORS), self.now, "till", db, self._secrets, self._site)

    def advance(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    async def drifts(self) -> list[Drift]:
        """Everything in the tenant's ledger that does not add up."""
        return await drifts(self.database.session(), self.tenant_id)


async def drifts(db: Session, tenant_id: int) -> list[Drift]:
    """Everything in a tenant's ledger that does not add up."""
    found: list[Drift] = []
    for look in (verification.credits_after, verification.payments_after, verification.balances_after):
        last: int | None = 0
        while last is not None:
            looked = await look(db, tenant_id, last)
            last, found = looked.last, found + looked.drifts
    return found
