"""`patron application`: the programs that may call the API."""

import re
from typing import Annotated, Literal, NamedTuple

import typer

from patron.cli.desk import Desk, Failure, fail, run
from patron.kernel.secrets import random_token
from patron.kernel.values import fold
from patron.logins import impersonation
from patron.tenants import actions, programs, queries
from patron.tenants.model import BEHAVIORS, REDIRECT_URIS_MAX, Tenant, redirect_uri_fault

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
    redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where its codes are sent; once for each address (web app).")
    ] = None,
    without_secret: Annotated[
        bool, typer.Option("--without-secret", help="A web app that cannot keep a secret: it uses PKCE.")
    ] = False,
) -> None:
    """Make an application. Its secret is shown now and never again."""
    behaviors = BEHAVIORS if all_behaviors else tuple(behavior or ())
    if kind == "backend":
        if takes_passwords or with_secret or access_seconds is not None or redirect_uri or without_secret:
            fail("These options need another --kind than backend.")
        run(lambda desk: _create(desk, name.strip(), tenant, site, behaviors))
    else:
        if behaviors or site is not None:
            fail("Behaviors and --site are for the kind backend; what others may do follows from their kind.")
        has_secret = (with_secret or kind != "sales_channel") and not without_secret
        program = _Program(kind, takes_passwords, has_secret, access_seconds, tuple(redirect_uri or ()))
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
    redirect_uris: tuple[str, ...]


async def _create_program(desk: Desk, name: str, tenant_id: int | None, program: _Program) -> None:
    tenant = await desk.tenant(tenant_id)
    if program.takes_passwords and program.kind != "sales_channel":
        raise Failure("Only sales channels take passwords.")
    if program.kind == "integration" and not program.has_secret:
        raise Failure("An integration always has a secret.")
    _check_redirects(program.kind, program.redirect_uris)
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
            redirect_uris=program.redirect_uris,
            now=desk.now,
        )
    _tell(desk, client_id, secret)
    desk.say(f"Organization: {tenant.slug}, domain: {desk.settings.domain}")
    if program.kind == "sales_channel":
        desk.say("It needs a market in its scope: patron site list, patron site code")
    if program.kind == "webapp" and not program.redirect_uris:
        desk.say("It gets no codes before it has an address: patron application redirect")


def _check_redirects(kind: str, uris: tuple[str, ...]) -> None:
    if uris and kind != "webapp":
        raise Failure("Codes are sent to web apps only.")
    if len(uris) > REDIRECT_URIS_MAX:
        raise Failure(f"An application has at most {REDIRECT_URIS_MAX} addresses.")
    for uri in uris:
        fault = redirect_uri_fault(uri)
        if fault is not None:
            raise Failure(f"{uri[:200]}: {fault}")


def _client_id(tenant: Tenant, name: str) -> str:
    if not name:
        raise Failure("An application needs a name.")
    word = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-") or "application"
    return f"{tenant.slug}.{word}-{random_token(3)}"


def _tell(desk: Desk, client_id: str, secret: str | None) -> None:
    desk.say(f"Client id: {client_id}")
    if secret is None:
        desk.say("It has no secret: whoever knows its client id may use it.")
        return
    desk.say(f"Secret:    {secret}")
    desk.say("The secret is not shown again: only its digest is stored.")


@app.command()
def redirect(
    client_id: Annotated[str, typer.Argument(help="The web app's client id.")],
    uris: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="All addresses, also those that it has.")],
) -> None:
    """Say where a web app may have its codes sent: to these addresses and no others."""
    run(lambda desk: _redirect(desk, client_id, tuple(uris)))


async def _redirect(desk: Desk, client_id: str, uris: tuple[str, ...]) -> None:
    program = await programs.by_client_id(desk.db, client_id)
    if program is None:
        raise Failure(f"There is no application {client_id} of the JSON:API that is in use.")
    _check_redirects(program.kind, uris)
    await actions.set_redirect_uris(desk.db, client_id, uris)
    desk.say(f"Codes for {client_id} are sent to: {', '.join(uris)}")


@app.command()
def disable(client_id: Annotated[str, typer.Argument(help="The application's client id.")]) -> None:
    """Switch an application off and end its tokens, at once."""
    run(lambda desk: _disable(desk, client_id))


async def _disable(desk: Desk, client_id: str) -> None:
    async with desk.db.transaction():
        tenant_id, application_id = await actions.disable_application(desk.db, desk.revocations, client_id)
        await impersonation.end_all(desk.db, tenant_id, application_id, desk.now)
    desk.say(f"{client_id} is switched off; its secret and its tokens are worth nothing any more.")
