"""A tenant with made-up customers, for tests of what seeding writes."""

from datetime import UTC, datetime

import httpx

from patron.accounts import queries as accounts
from patron.accounts.model import Account
from patron.demo import catalogue, seeding
from patron.demo.choices import Choices
from patron.demo.rows import Target
from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring
from patron.tenants import queries as tenants
from patron.tenants.model import BEHAVIORS
from shops import Shop, open_shop

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PASSWORD = "one-for-all-7"


class Seeded:
    """A tenant with made-up customers, and ways to look at them."""

    def __init__(self, shop: Shop, ctx: Ctx, target: Target, choices: Choices) -> None:
        self.shop = shop
        self.ctx = ctx
        self.target = target
        self.choices = choices

    async def seed(self, count: int, number: int = 1) -> int:
        """Bring the tenant to so many customers of a seed."""
        database = self.shop.database
        return await seeding.seed(database, self.target, self.choices, seed=number, count=count, now=NOW)

    async def value(self, sql: str) -> int:
        """A number from the tenant's data."""
        return int(await self.ctx.db.value(sql, self.ctx.tenant_id))


async def prepared(http: httpx.AsyncClient, database: Database) -> Seeded:
    """A new tenant of the demo's kind, without customers."""
    shop = await open_shop(http, database)
    db, passwords = database.session(), Passwords()
    vault = Vault(bytes(32))
    revocations = Revocations(database, lambda _subject: None)
    async with passwords.turn() as turn:
        hashed = await turn.hash(PASSWORD)
    passwords.close()
    secrets = Secrets(vault, Keyring(vault, "patron"), passwords, revocations)
    sites = await tenants.sites(db, shop.tenant_id)
    ctx = Ctx(shop.tenant_id, SYSTEM, frozenset(BEHAVIORS), clock(), "test", db, secrets, sites[0])
    await catalogue.add_definitions(ctx)
    await catalogue.add_segments(ctx)
    return Seeded(shop, ctx, Target(shop.tenant_id, sites, hashed), await Choices.load(db, shop.tenant_id))


async def everybody(ctx: Ctx) -> list[Account]:
    """All accounts of the tenant."""
    rows = await ctx.db.fetch(
        f"select {accounts.COLUMNS} from account a where a.tenant_id = $1 order by a.id", ctx.tenant_id
    )
    return [Account(*row) for row in rows]
