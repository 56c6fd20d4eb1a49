"""`patron seed`: made-up customers for trying things and for load tests."""

import time
from typing import Annotated

import typer

from patron.cli.desk import Desk, Failure, run
from patron.demo import seeding
from patron.demo.choices import Choices
from patron.demo.progress import counting
from patron.demo.rows import Target
from patron.kernel.secrets import Passwords
from patron.staff.model import readable_password
from patron.tenants import queries as tenants


def seed(
    *,
    customers: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many there are at the end.")] = 1_000,
    number: Annotated[
        int, typer.Option("--seed", min=1, max=999_999, help="Another number gives other customers.")
    ] = 2,
    tenant: Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")] = None,
    into_live: Annotated[bool, typer.Option("--into-live", help="Also into a tenant that is not for tests.")] = False,
) -> None:
    """Add made-up customers with contacts, attributes, notes, orders and visits.

    The same seed gives the same customers. An interrupted run goes on where it stopped when it is started again;
    a larger number adds to what is there. The demo shop's own customers are the first 2,000 of seed 1.
    """
    run(lambda desk: _seed(desk, customers, number, tenant, into_live=into_live))


async def _seed(desk: Desk, customers: int, number: int, tenant_id: int | None, *, into_live: bool) -> None:
    tenant = await desk.tenant(tenant_id)
    if tenant.mode != "test" and not into_live:
        raise Failure(f"{tenant.name} ({tenant.id}) is a live tenant. If you mean it, say so with --into-live.")
    sites = await tenants.sites(desk.db, tenant.id)
    if not sites:
        raise Failure(f"{tenant.name} ({tenant.id}) has no site that customers could belong to.")
    passwords, password = Passwords(), readable_password()
    target = Target(tenant.id, sites, await passwords.hash(password))
    passwords.close()
    choices = await Choices.load(desk.db, tenant.id)
    began = time.perf_counter()
    with counting(desk.screen, customers) as done:
        added = await seeding.seed(
            desk.database, target, choices, seed=number, count=customers, now=desk.now, done=done
        )
    if not added:
        desk.say(f"{tenant.name} ({tenant.id}) has the first {customers:,} customers of seed {number} already.")
        return
    seconds = time.perf_counter() - began
    rate = added / seconds
    desk.say(f"Added {added:,} customers to {tenant.name} ({tenant.id}) in {seconds:,.1f} s, {rate:,.0f} a second.")
    desk.say(f"Those with a login share the password {password}")
