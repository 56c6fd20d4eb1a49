"""`patron user`: the people of an organization, who let web apps act for them."""

from typing import Annotated

import typer

from patron.cli.desk import Desk, fail, run
from patron.kernel.caller import SYSTEM
from patron.kernel.context import Ctx, Secrets
from patron.kernel.secrets import Passwords, random_token
from patron.kernel.tokens import Keyring
from patron.staff import actions, queries
from patron.staff.model import readable_password
from patron.tenants.model import PasswordPolicy

app = typer.Typer(help="The users of an organization: people who work for it.", no_args_is_help=True)

TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]
EMAIL = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's address.")]
ASK = Annotated[bool, typer.Option("--ask", help="Ask for the password instead of making one.")]


async def _ctx(desk: Desk, tenant_id: int | None, passwords: Passwords) -> Ctx:
    tenant, vault = await desk.tenant(tenant_id), desk.vault
    secrets = Secrets(vault, Keyring(vault, desk.settings.issuer), passwords, desk.revocations)
    return Ctx(tenant.id, SYSTEM, frozenset(), desk.now, random_token(), desk.db, secrets)


@app.command("list")
def list_users(*, tenant: TENANT = None) -> None:
    """List a tenant's users."""
    run(lambda desk: _list(desk, tenant))


async def _list(desk: Desk, tenant_id: int | None) -> None:
    tenant = await desk.tenant(tenant_id)
    rows = [
        (one.id, one.email, f"{one.first_name} {one.last_name}".strip(), one.is_active, one.time_zone, one.created_at)
        for one in await queries.every(desk.db, tenant.id)
    ]
    desk.show(("id", "e-mail", "name", "active", "time zone", "made"), rows)


@app.command()
def create(
    email: EMAIL,
    *,
    first_name: Annotated[str, typer.Option(help="First name.")] = "",
    last_name: Annotated[str, typer.Option(help="Last name.")] = "",
    time_zone: Annotated[str | None, typer.Option(help="Such as Europe/Rome.")] = None,
    ask: ASK = False,
    tenant: TENANT = None,
) -> None:
    """Make a user. A password that is made for them is shown now and never again."""
    password = _password(ask=ask)

    async def work(desk: Desk) -> None:
        passwords = Passwords()
        ctx, hashed = await _ctx(desk, tenant, passwords), await passwords.hash(password)
        passwords.close()
        async with ctx.db.transaction():
            user_id = await actions.create(
                ctx,
                email=email,
                first_name=first_name.strip(),
                last_name=last_name.strip(),
                time_zone=time_zone,
                password_hash=hashed,
            )
        desk.say(f"User {user_id}")
        _tell(desk, password, ask=ask)

    run(work)


@app.command("password")
def set_password(email: EMAIL, *, ask: ASK = False, tenant: TENANT = None) -> None:
    """Give a user another password. They are switched on, and signed out everywhere."""
    password = _password(ask=ask)

    async def work(desk: Desk) -> None:
        passwords = Passwords()
        ctx, hashed = await _ctx(desk, tenant, passwords), await passwords.hash(password)
        passwords.close()
        async with ctx.db.transaction():
            await actions.set_password(ctx, await queries.named(ctx, email), hashed)
        desk.say(f"{email} has another password, and whatever acted for them needs their word again.")
        _tell(desk, password, ask=ask)

    run(work)


@app.command()
def disable(email: EMAIL, *, tenant: TENANT = None) -> None:
    """Switch a user off: they sign in no more, and what acts for them ends at once."""

    async def work(desk: Desk) -> None:
        passwords = Passwords()
        passwords.close()  # none is hashed here
        ctx = await _ctx(desk, tenant, passwords)
        async with ctx.db.transaction():
            await actions.disable(ctx, await queries.named(ctx, email))
        desk.say(f"{email} is switched off. `patron user password` switches them on again.")

    run(work)


def _password(*, ask: bool) -> str:
    """One that is made, or typed twice and not too easy."""
    if not ask:
        return readable_password()
    typed = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    fault = PasswordPolicy().fault(typed)
    if fault is not None:
        fail(f"The password {fault}.")
    return typed


def _tell(desk: Desk, password: str, *, ask: bool) -> None:
    if not ask:
        desk.say(f"Password: {password}")
        desk.say("The password is not shown again: only its hash is stored.")
