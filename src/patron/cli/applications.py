"""`patron application`: the programs that may call the API."""

import re
from typing import Annotated

import typer

from patron.cli.desk import Desk, Failure, run
from patron.kernel.secrets import random_token
from patron.kernel.values import fold
from patron.logins import impersonation
from patron.tenants import actions, queries
from patron.tenants.model import BEHAVIORS

app = typer.Typer(help="The applications that may call the API.", no_args_is_help=True)

TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]


@app.command("list")
def list_applications(*, tenant: TENANT = None) -> None:
    """List a tenant's applications."""
    run(lambda desk: _list(desk, tenant))


async def _list(desk: Desk, tenant_id: int | None) -> None:
    tenant = await desk.tenant(tenant_id)
    rows = [
        (one.client_id, one.name, one.is_active, one.site_id, _summary(one.behaviors), one.created_at)
        for one in await queries.applications(desk.db, tenant.id)
    ]
    desk.show(("client id", "name", "active", "site", "behaviors", "made"), rows)


def _summary(behaviors: list[str]) -> str:
    return "all" if set(behaviors) == set(BEHAVIORS) else " ".join(behaviors)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the application is called.")],
    *,
    tenant: TENANT = None,
    site: Annotated[int | None, typer.Option(help="Its site, for calls that name none.")] = None,
    behavior: Annotated[
        list[str] | None, typer.Option(help="What it may do, such as customer:read; once for each.")
    ] = None,
    all_behaviors: Annotated[bool, typer.Option("--all-behaviors", help="It may do everything.")] = False,
) -> None:
    """Make an application. Its secret is shown now and never again."""
    run(lambda desk: _create(desk, name.strip(), tenant, site, BEHAVIORS if all_behaviors else tuple(behavior or ())))


async def _create(
    desk: Desk, name: str, tenant_id: int | None, site_id: int | None, behaviors: tuple[str, ...]
) -> None:
    tenant = await desk.tenant(tenant_id)
    if not name:
        raise Failure("An application needs a name.")
    unknown = sorted(set(behaviors) - set(BEHAVIORS))
    if unknown or not behaviors:
        wrong = f"There is no behavior {', '.join(unknown)}." if unknown else "An application needs behaviors."
        raise Failure(f"{wrong} Use --all-behaviors, or --behavior with one of: {', '.join(BEHAVIORS)}")
    word = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-") or "application"
    client_id, secret = f"{tenant.slug}.{word}-{random_token(3)}.1.0.0.Release", random_token()
    async with desk.db.transaction():
        await actions.create_application(
            desk.db,
            tenant.id,
            client_id=client_id,
            name=name,
            secret=secret,
            behaviors=behaviors,
            site_id=site_id,
            now=desk.now,
        )
    desk.say(f"Client id: {client_id}")
    desk.say(f"Secret:    {secret}")
    desk.say("The secret is not shown again: only its digest is stored.")


@app.command()
def disable(client_id: Annotated[str, typer.Argument(help="The application's client id.")]) -> None:
    """Switch an application off and end its tokens, at once."""
    run(lambda desk: _disable(desk, client_id))


async def _disable(desk: Desk, client_id: str) -> None:
    async with desk.db.transaction():
        tenant_id, application_id = await actions.disable_application(desk.db, desk.revocations, client_id)
        await impersonation.end_all(desk.db, tenant_id, application_id, desk.now)
    desk.say(f"{client_id} is switched off; its secret and its tokens are worth nothing any more.")
