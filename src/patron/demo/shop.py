"""Makes the demo shop in an empty database, and new credentials for one whose credentials were lost.

All of it is one transaction: a shop is there whole or not at all. The credentials are written to the file after it; a
process that ends in between has lost them, and the next start makes new ones.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from patron.customers import actions as customers
from patron.demo import catalogue, programs
from patron.demo.choices import Choices
from patron.demo.comings import comings
from patron.demo.dice import Dice
from patron.demo.drawing import BLOCK, people
from patron.demo.rows import Target
from patron.demo.seeding import make_room, write
from patron.kernel.caller import SYSTEM, Site
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database, Session
from patron.kernel.errors import NotFound
from patron.kernel.secrets import random_token
from patron.logins import actions as logins
from patron.logins import queries as login_queries
from patron.staff import actions as users
from patron.staff.model import readable_password
from patron.tenants import actions as tenants
from patron.tenants import queries as tenant_queries
from patron.tenants.model import BEHAVIORS

SLUG = "patron-demo"
CLIENT_ID = "patron-demo.storefront.1.0.0.Release"
STAFF_EMAIL = "staff@demo.example"
SHOPPER_EMAIL = "shopper@demo.example"
CUSTOMERS = 2_000
SEED = 1

_LOCK = 0x70617472  # of pg_advisory_xact_lock: two first starts on one database make one shop


class Kibo(msgspec.Struct, frozen=True):
    """How the shop's back end signs in."""

    client_id: str
    client_secret: str


class Staff(msgspec.Struct, frozen=True):
    """How the shop's staff sign in."""

    email: str
    password: str


class Shopper(msgspec.Struct, frozen=True):
    """How the shop's known customer signs in."""

    email: str
    password: str
    account_id: int


class Shop(msgspec.Struct, frozen=True):
    """What a newcomer needs to know of the demo shop: the content of demo-shop.json.

    A file that an earlier version wrote has no `commercelayer`.
    """

    tenant_id: int
    site_id: int
    kibo: Kibo
    staff: Staff
    shopper: Shopper
    commercelayer: programs.CommerceLayer | None = None


class Found(msgspec.Struct, frozen=True):
    """The shop, and what became of it; without a shop the database belongs to others."""

    shop: Shop | None
    how: Literal["made", "kept", "completed", "renewed", "foreign"]


async def ensure(
    database: Database,
    secrets: Secrets,
    known: Shop | None,
    *,
    base_url: str,
    now: datetime,
    done: Callable[[int], None] = lambda _: None,
) -> Found:
    """See to it that there is a demo shop to which we have credentials, unless the database holds other tenants.

    `known` are the credentials of an earlier start; while they open the shop, nothing is changed but its address. Those
    of the second dialect are made when they are missing or do not fit.
    """
    db = database.session()
    async with db.transaction():
        # Another start may be making the shop: that takes longer than a statement or a lock may wait.
        while not await db.value("select pg_try_advisory_xact_lock($1)", _LOCK):  # noqa: ASYNC110 - not of this process
            await asyncio.sleep(0.2)
        tenant_id = await db.value("select id from tenant where slug = $1 and mode = 'test'", SLUG)
        if tenant_id is None:
            if await db.value("select exists (select from tenant)"):
                return Found(None, "foreign")
            return Found(await _make(db, secrets, base_url, now, done), "made")
        await tenants.move_sites(db, tenant_id, base_url)
        if known is not None and await _opens(db, known, tenant_id):
            if known.commercelayer is not None and await programs.opens(db, known.commercelayer, tenant_id):
                return Found(known, "kept")
            made = await programs.put(db, secrets.revocations, tenant_id, now)
            return Found(msgspec.structs.replace(known, commercelayer=made), "completed")
        return Found(await _renew(db, secrets, tenant_id, now), "renewed")


async def _opens(db: Session, shop: Shop, tenant_id: int) -> bool:
    """Whether the credentials are those of this database, as opposed to one that was restored or replaced."""
    found = await tenant_queries.application_by_secret(db, shop.kibo.client_id, shop.kibo.client_secret)
    return shop.tenant_id == tenant_id and found is not None and found.site(shop.site_id) is not None


async def _make(db: Session, secrets: Secrets, base_url: str, now: datetime, done: Callable[[int], None]) -> Shop:
    tenant_id = await tenants.create_tenant(db, name="Demo shop", slug=SLUG, mode="test", now=now)
    site_id = await tenants.create_site(db, tenant_id, name="Demo shop", domain=base_url, now=now)
    await tenants.create_site(
        db,
        tenant_id,
        name="Demo shop Europe",
        country="DE",
        currency="EUR",
        locale="de-DE",
        domain=base_url,
        now=now,
    )
    sites = await tenant_queries.sites(db, tenant_id)
    ctx = _ctx(db, secrets, tenant_id, sites, now)
    await catalogue.add_definitions(ctx)
    await catalogue.add_segments(ctx)
    target = Target(tenant_id, sites, await secrets.passwords.hash(random_token()))
    choices = await Choices.load(db, tenant_id)
    kibo = await _put_application(db, secrets, tenant_id, site_id, now)
    staff = await _put_staff(db, secrets, tenant_id, now)
    shopper = await _add_shopper(db, secrets, target, choices, now)
    for start in range(0, CUSTOMERS, BLOCK):
        await write(db, target, list(people(SEED, start, min(start + BLOCK, CUSTOMERS), now, choices)))
        done(BLOCK)
    await catalogue.add_rules(ctx)
    return Shop(tenant_id, site_id, kibo, staff, shopper, await programs.put(db, secrets.revocations, tenant_id, now))


async def _renew(db: Session, secrets: Secrets, tenant_id: int, now: datetime) -> Shop:
    sites = await tenant_queries.sites(db, tenant_id)
    ctx = _ctx(db, secrets, tenant_id, sites, now)
    kibo = await _put_application(db, secrets, tenant_id, sites[0].id, now)
    staff = await _put_staff(db, secrets, tenant_id, now)
    login = await login_queries.by_name(ctx, sites[0].customer_set, SHOPPER_EMAIL)
    if login is None:
        target = Target(tenant_id, sites, "")
        shopper = await _add_shopper(db, secrets, target, await Choices.load(db, tenant_id), now)
    else:
        shopper = Shopper(SHOPPER_EMAIL, readable_password(), login.account_id)
        credential = logins.Credential(await secrets.passwords.hash(shopper.password))
        await logins.change_password(ctx, login.account_id, credential, unlock=True)
        await customers.set_active(ctx, login.account_id, active=True)
    second = await programs.put(db, secrets.revocations, tenant_id, now)
    return Shop(tenant_id, sites[0].id, kibo, staff, shopper, second)


def _ctx(db: Session, secrets: Secrets, tenant_id: int, sites: tuple[Site, ...], now: datetime) -> Ctx:
    return Ctx(tenant_id, SYSTEM, frozenset(BEHAVIORS), now, "demo", db, secrets, sites[0])


async def _put_application(db: Session, secrets: Secrets, tenant_id: int, site_id: int, now: datetime) -> Kibo:
    """The demo application with a new secret and every behavior."""
    kibo = Kibo(CLIENT_ID, random_token())
    try:
        await tenants.renew_application(
            db, secrets.revocations, kibo.client_id, secret=kibo.client_secret, behaviors=BEHAVIORS
        )
    except NotFound:
        await tenants.create_application(
            db,
            tenant_id,
            client_id=kibo.client_id,
            name="Demo storefront",
            secret=kibo.client_secret,
            behaviors=BEHAVIORS,
            site_id=site_id,
            now=now,
        )
    return kibo


async def _put_staff(db: Session, secrets: Secrets, tenant_id: int, now: datetime) -> Staff:
    """The demo's member of staff with a new password."""
    staff = Staff(STAFF_EMAIL, readable_password())
    hashed = await secrets.passwords.hash(staff.password)
    await users.put(db, tenant_id, email=staff.email, first_name="Sam", last_name="Demo", password_hash=hashed, now=now)
    return staff


async def _add_shopper(db: Session, secrets: Secrets, target: Target, choices: Choices, now: datetime) -> Shopper:
    """The known shopper, as a customer like all others but for the password."""
    password = readable_password()
    known = msgspec.structs.replace(target, password_hash=await secrets.passwords.hash(password))
    await make_room(db, now)
    person = choices.complete(Dice("patron shopper"), catalogue.shopper(SHOPPER_EMAIL, now), now)
    came = comings(Dice("patron shopper visits"), person.created_at, person.deeds, now)
    person = msgspec.structs.replace(person, comings=came)
    (account_id,) = await write(db, known, [person])
    return Shopper(SHOPPER_EMAIL, password, account_id)
