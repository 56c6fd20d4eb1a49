"""The customers of a run, and what the scenarios need to know of them: ids, names, addresses, tokens."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from bench.organization import Organization, prepared
from patron.credits import actions as credits
from patron.credits.model import Details
from patron.demo import seeding, shop
from patron.demo.choices import Choices
from patron.demo.rows import Target
from patron.kernel.caller import Actor
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, random_token
from patron.kernel.tokens import Keyring, ensure_key
from patron.logins import tickets
from patron.settings import Settings
from patron.tenants import queries as tenants
from patron.tenants import tokens

SAMPLE = 5_000
SHOPPERS = 1_000


class Customer(msgspec.Struct, frozen=True):
    """A customer with a login."""

    id: int
    user_id: str
    email: str
    first_name: str
    last_name: str


class Data(msgspec.Struct, frozen=True):
    """What the requests are made of."""

    tenant_id: int
    site_id: int
    application_id: int
    application_token: str
    password: str
    customers: list[Customer]
    shoppers: list[tuple[str, int]]  # access tokens, with their accounts
    refresh_tokens: list[str]  # two of each shopper, one behind the other
    credits: list[str]  # codes with something on them, each another customer's
    hot_credit: str
    organization: Organization


async def filled(settings: Settings, count: int, done: Callable[[int], None]) -> Data:
    """Make the demo shop, bring it to `count` customers, and draw a sample of them."""
    now = datetime.now(UTC)
    database = await Database.open(settings.database_url, size=4)
    db = database.session()
    vault, passwords = Vault(settings.key), Passwords()
    secrets = Secrets(vault, Keyring(vault, settings.issuer), passwords, Revocations(database, lambda _: None))
    try:
        await ensure_key(db, vault, now)
        found = await shop.ensure(database, secrets, None, base_url=settings.url, now=now)
        assert found.shop is not None
        tenant_id, kibo = found.shop.tenant_id, found.shop.kibo
        sites = await tenants.sites(db, tenant_id)
        password = shop.readable_password()
        target = Target(tenant_id, sites, await passwords.hash(password))
        choices = await Choices.load(db, tenant_id)
        await seeding.seed(database, target, choices, seed=shop.SEED, count=count, now=now, done=done)
        await db.execute("vacuum analyze")
        await db.execute("create extension if not exists pg_stat_statements")
        ticket = await tokens.sign_in(db, secrets, kibo.client_id, kibo.client_secret, now)
        application = await tenants.application_by_secret(db, kibo.client_id, kibo.client_secret)
        assert application is not None
        rows = await db.fetch(
            """
            select a.id, a.user_id, a.email, a.first_name, a.last_name from account a
            join login l on l.tenant_id = a.tenant_id and l.account_id = a.id
            where a.tenant_id = $1 and a.email is not null and l.password_hash is not null order by a.id
            """,
            tenant_id,
        )
        customers = [Customer(*row) for row in random.Random(1).sample(rows, min(SAMPLE, len(rows)))]  # noqa: S311
        await db.execute(
            "update login set password_hash = $2 where tenant_id = $1 and account_id = any($3)",
            tenant_id,
            target.password_hash,
            [one.id for one in customers],
        )
        actor = Actor("application", application.client_id, application_id=application.id)
        ctx = Ctx(tenant_id, actor, frozenset(), now, "bench", db, secrets, application.site(found.shop.site_id))
        life = tickets.Lifetimes(access_seconds=7_200, refresh_seconds=7_200)
        issued = [
            await tickets.issue(ctx, application_id=application.id, user_id=one.user_id, account_id=one.id, life=life)
            for one in customers[:SHOPPERS]
            for _ in range(2)
        ]
        codes = await db.fetch(
            """
            select min(code) as code from credit
            where tenant_id = $1 and currency = 'USD' and available_minor > 1000 group by account_id limit $2
            """,
            tenant_id,
            SAMPLE,
        )
        hot = Details(code=f"bench-hot-{random_token(4)}", initial=Decimal(10**9), account_id=customers[0].id)
        async with db.transaction():
            await credits.create(ctx, hot)
        assert found.shop.commercelayer is not None
        numbers = [one.id for one in customers]
        organization = await prepared(db, secrets, found.shop.commercelayer, settings.domain, numbers, now)
        return Data(
            tenant_id,
            found.shop.site_id,
            application.id,
            ticket.access_token,
            password,
            customers,
            [(one.access_token, one.account_id or 0) for one in issued[::2]],
            [one.refresh_token for one in issued],
            [row["code"] for row in codes],
            hot.code or "",
            organization,
        )
    finally:
        passwords.close()
        await database.close()
