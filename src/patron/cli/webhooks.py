"""`patron webhook`: addresses that hear of events. Those of the second dialect are made through its API."""

from typing import Annotated, Literal

import typer

from patron.cli.desk import Desk, run
from patron.kernel.caller import SYSTEM
from patron.kernel.context import Ctx, Secrets
from patron.kernel.outbound import Outbound
from patron.kernel.secrets import Passwords, random_token
from patron.kernel.tokens import Keyring
from patron.tenants.model import Tenant
from patron.webhooks import actions, queries
from patron.webhooks.model import WARNS_AFTER, Details, Webhook
from patron.webhooks.renderings import new_secret
from patron.webhooks.topics import EVERYTHING

app = typer.Typer(help="Addresses that hear of events.", no_args_is_help=True)

TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]
ID = Annotated[int, typer.Argument(metavar="ID", help="The webhook's id, from `patron webhook list`.")]


async def _ctx(desk: Desk, tenant: Tenant) -> Ctx:
    vault, passwords = desk.vault, Passwords()
    passwords.close()  # none is hashed here
    outbound = Outbound(private=desk.settings.private_hooks)
    secrets = Secrets(vault, Keyring(vault, desk.settings.issuer), passwords, desk.revocations, outbound)
    return Ctx(tenant.id, SYSTEM, frozenset(), desk.now, random_token(), desk.db, secrets)


@app.command("list")
def list_webhooks(*, tenant: TENANT = None) -> None:
    """List a tenant's webhooks, and how they do."""
    run(lambda desk: _list(desk, tenant))


async def _list(desk: Desk, tenant_id: int | None) -> None:
    hooks = await queries.every(await _ctx(desk, await desk.tenant(tenant_id)))
    rows = [(one.id, one.kind, _state(one), one.failures, " ".join(one.topics), one.url) for one in hooks]
    desk.show(("id", "kind", "state", "failures in a row", "topics", "address"), rows)


def _state(one: Webhook) -> str:
    if one.disabled_at is not None:
        return "off"
    if one.circuit == "open":
        return "circuit open"
    return "failing" if one.failures >= WARNS_AFTER else "on"


@app.command()
def create(
    url: Annotated[str, typer.Argument(help="The address that is called.")],
    *,
    kind: Annotated[Literal["standard", "kibo"], typer.Option(help="Standard Webhooks, or Kibo's event push.")],
    topic: Annotated[list[str] | None, typer.Option(help="What it hears of; once for each. Without one: all.")] = None,
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    tenant: TENANT = None,
) -> None:
    """Make a webhook. Its secret is shown now and never again."""
    run(lambda desk: _create(desk, tenant, kind, Details(name=name, topics=topic or [EVERYTHING], url=url)))


async def _create(desk: Desk, tenant_id: int | None, kind: Literal["standard", "kibo"], details: Details) -> None:
    ctx, secret = await _ctx(desk, await desk.tenant(tenant_id)), new_secret(kind)
    async with ctx.db.transaction():
        number = await actions.create(ctx, kind, details, secret)
    desk.say(f"Webhook {number}")
    desk.say(f"Secret:  {secret}")
    desk.say("The secret is not shown again.")


@app.command()
def enable(webhook_id: ID, *, tenant: TENANT = None) -> None:
    """Use a webhook again, and close its circuit: what waits is sent."""
    run(lambda desk: _switch(desk, tenant, webhook_id, on=True))


@app.command()
def disable(webhook_id: ID, *, tenant: TENANT = None) -> None:
    """Leave a webhook alone: what waits for it waits, and it hears of nothing new."""
    run(lambda desk: _switch(desk, tenant, webhook_id, on=False))


async def _switch(desk: Desk, tenant_id: int | None, webhook_id: int, *, on: bool) -> None:
    ctx = await _ctx(desk, await desk.tenant(tenant_id))
    async with ctx.db.transaction():
        await actions.switch(ctx, webhook_id, on=on)
        if on:
            await actions.reset_circuit(ctx, webhook_id)
    desk.say(f"Webhook {webhook_id} is {'on' if on else 'off'}.")


@app.command()
def delete(webhook_id: ID, *, tenant: TENANT = None) -> None:
    """Remove a webhook, what waits for it, and the record of its calls."""
    run(lambda desk: _delete(desk, tenant, webhook_id))


async def _delete(desk: Desk, tenant_id: int | None, webhook_id: int) -> None:
    ctx = await _ctx(desk, await desk.tenant(tenant_id))
    async with ctx.db.transaction():
        await actions.delete(ctx, webhook_id)
    desk.say(f"Webhook {webhook_id} is gone.")


@app.command()
def replay(
    event_id: Annotated[int, typer.Argument(metavar="EVENT", help="The event's id, as the payload has it.")],
    *,
    tenant: TENANT = None,
) -> None:
    """Send an event once more to all webhooks that hear of it."""
    run(lambda desk: _replay(desk, tenant, event_id))


async def _replay(desk: Desk, tenant_id: int | None, event_id: int) -> None:
    ctx = await _ctx(desk, await desk.tenant(tenant_id))
    async with ctx.db.transaction():
        count = await actions.send_again(ctx, event_id)
    desk.say(f"Event {event_id} waits for {count} webhooks.")
