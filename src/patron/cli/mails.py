"""`patron mail`: what was written to shoppers, above all where no SMTP server is set and mails are kept."""

from typing import Annotated

import typer

from patron.cli.desk import Desk, Failure, run
from patron.kernel import mail

app = typer.Typer(
    help="Mails to shoppers: sent, waiting, or kept because there are no SMTP settings.", no_args_is_help=True
)

TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]


@app.command("list")
def list_mails(
    *,
    tenant: TENANT = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50,
) -> None:
    """List mails, the newest first."""
    run(lambda desk: _list(desk, tenant, limit))


async def _list(desk: Desk, tenant_id: int | None, limit: int) -> None:
    tenant = await desk.tenant(tenant_id)
    mails = await mail.newest(desk.db, tenant.id, limit=limit)
    if not mails:
        desk.say("There are no mails.")
        return
    rows = [(one.id, one.created_at, one.state, one.kind, one.recipient, one.subject) for one in mails]
    desk.show(("id", "written", "state", "kind", "to", "subject"), rows)


@app.command()
def show(
    mail_id: Annotated[int, typer.Argument(metavar="ID", help="The mail's id, from `patron mail list`.")],
    *,
    tenant: TENANT = None,
) -> None:
    """Show one mail with its text. The text may hold a link that opens an account."""
    run(lambda desk: _show(desk, tenant, mail_id))


async def _show(desk: Desk, tenant_id: int | None, mail_id: int) -> None:
    tenant = await desk.tenant(tenant_id)
    try:
        one, body = await mail.read(desk.db, desk.vault, tenant.id, mail_id)
    except ValueError:
        raise Failure("This mail was sealed with another secret key than the one in use now.") from None
    desk.say(f"To:      {one.recipient}")
    desk.say(f"Subject: {one.subject}")
    desk.say(f"Written: {one.created_at:%Y-%m-%d %H:%M:%S} UTC, {one.kind}")
    desk.say(f"State:   {one.state}, {one.attempts} attempts{f', {one.last_error}' if one.last_error else ''}")
    desk.say("")
    desk.say(body.text)
    if body.html is not None:
        desk.say("")
        desk.say("It has an HTML part, too.")
