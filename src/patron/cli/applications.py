"""`patron application`: the programs that may call the API."""

import re
from typing import Annotated, Literal, NamedTuple

import typer

from patron.cli.desk import Desk, Failure, fail, run
from patron.kernel.secrets import random_token
from patron.kernel.values import fold
from patron.logins import impersonation
from patron.tenants import actions, queries
from patron.tenants.model import BEHAVIORS, Tenant

ACCESS_SECONDS = (7_200, 31_536_000)  # Commerce Layer behaviour 2.3

app = typer.Typer(help="The applications that may call the API.", no_args_is_help=True)

TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]


@app.command("list")
def list_applications(*, tenant: TENANT = None) -> None:
    """List a tenant's applications."""
    run(lambda desk: _list(desk, tenant))


async def _list(desk: Desk, tenant_id: int | None) -> None:
    tenant = await desk.tenant(tenant_id)
    rows = [
        (one.client_id, one.name, one.kind, one.is_active, one.site_id, _summary(one.behaviors), one.created_at)
        for one in await queries.applications(desk.db, tenant.id)
    ]
    desk.show(("client id", "name", "kind", "active", "site", "behaviors", "made"), rows)


def _summary(behaviors: list[str]) -> str:
    return "all" if set(behaviors) == set(BEHAVIORS) else " ".join(behaviors)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the application is called.")],
    *,
    tenant: TENANT = None,
    kind: Annotated[
        Literal["backend", "integration", "sales_channel", "webapp"],
        typer.Option(help="backend: of the Kibo API; the others are kinds of the JSON:API."),
    ] = "backend",
    site: Annotated[int | None, typer.Option(help="Its site, for calls that name none (backend).")] = None,
    behavior: Annotated[
        list[str] | None, typer.Option(help="What it may do, such as customer:read; once for each (backend).")
    ] = None,
    all_behaviors: Annotated[bool, typer.Option("--all-behaviors", help="It may do everything (backend).")] = False,
    takes_passwords: Annotated[
        bool,
        typer.Option("--takes-passwords", help="It is your own, and may ask shoppers for passwords (sales channel)."),
    ] = False,
    with_secret: Annotated[
        bool, typer.Option("--with-secret", help="A sales channel that can keep a secret, such as a shop's server.")
    ] = False,
    access_seconds: Annotated[
        int | None, typer.Option(help="Life of its access tokens, 7200 to 31536000 (not backend).")
    ] = None,
) -> None:
    """Make an application. Its secret is shown now and never again."""
    behaviors = BEHAVIORS if all_behaviors else tuple(behavior or ())
    if kind == "backend":
        if takes_passwords or with_secret or access_seconds is not None:
            fail("--takes-passwords, --with-secret and --access-seconds need another --kind than backend.")
        run(lambda desk: _create(desk, name.strip(), tenant, site, behaviors))
    else:
        if behaviors or site is not None:
            fail("Behaviors and --site are for the kind backend; what others may do follows from their kind.")
        program = _Program(kind, takes_passwords, with_secret or kind != "sales_channel", access_seconds)
        run(lambda desk: _create_program(desk, name.strip(), tenant, program))


async def _create(
    desk: Desk, name: str, tenant_id: int | None, site_id: int | None, behaviors: tuple[str, ...]
) -> None:
    tenant = await desk.tenant(tenant_id)
    unknown = sorted(set(behaviors) - set(BEHAVIORS))
    client_id, secret = f"{_client_id(tenant, name)}.1.0.0.Release", random_token()
    if unknown or not behaviors:
        wrong = f"There is no behavior {', '.join(unknown)}." if unknown else "An application needs behaviors."
        raise Failure(f"{wrong} Use --all-behaviors, or --behavior with one of: {', '.join(BEHAVIORS)}")
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
    _tell(desk, client_id, secret)


class _Program(NamedTuple):
    """What an application of the second dialect may be."""

    kind: str
    takes_passwords: bool
    has_secret: bool
    access_seconds: int | None


async def _create_program(desk: Desk, name: str, tenant_id: int | None, program: _Program) -> None:
    tenant = await desk.tenant(tenant_id)
    if program.takes_passwords and program.kind != "sales_channel":
        raise Failure("Only sales channels take passwords.")
    least, most = ACCESS_SECONDS
    if program.access_seconds is not None and not least <= program.access_seconds <= most:
        raise Failure(f"Access tokens live {least} to {most} seconds.")
    client_id, secret = _client_id(tenant, name), random_token() if program.has_secret else None
    async with desk.db.transaction():
        await actions.create_program(
            desk.db,
            tenant.id,
            client_id=client_id,
            name=name,
            kind=program.kind,
            secret=secret,
            takes_passwords=program.takes_passwords,
            access_seconds=program.access_seconds,
            now=desk.now,
        )
    _tell(desk, client_id, secret)
    desk.say(f"Organization: {tenant.slug}, domain: {desk.settings.domain}")
    if program.kind == "sales_channel":
        desk.say("It needs a market in its scope: patron site list, patron site code")


def _client_id(tenant: Tenant, name: str) -> str:
    if not name:
        raise Failure("An application needs a name.")
    word = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-") or "application"
    return f"{tenant.slug}.{word}-{random_token(3)}"


def _tell(desk: Desk, client_id: str, secret: str | None) -> None:
    desk.say(f"Client id: {client_id}")
    if secret is None:
        desk.say("It has no secret: whoever sees the shop's pages may use it.")
        return
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
