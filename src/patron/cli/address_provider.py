"""`patron tenant address-provider`: the service that a tenant's addresses are checked by."""

import sys
from typing import Annotated, Literal

import typer

from patron.addresses import google
from patron.cli.desk import Desk, Failure, run
from patron.kernel.outbound import Outbound
from patron.tenants import actions

KEY_LENGTH_MAX = 500


def address_provider(
    name: Annotated[Literal["google", "off"], typer.Argument(help="google: its Address Validation API. off: none.")],
    *,
    tenant: Annotated[int | None, typer.Option(help="The tenant's id, when there are several.")] = None,
    url: Annotated[str, typer.Option(help="Another address that speaks as the service does.")] = "",
) -> None:
    """Have a service check addresses. Its key is read from standard input, so that no list of processes shows it."""
    key = "" if name == "off" else _key()
    run(lambda desk: _address_provider(desk, name, tenant, url.strip() or google.URL, key))


def _key() -> str:
    key = typer.prompt("The key", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    return str(key).strip()


async def _address_provider(desk: Desk, name: str, tenant_id: int | None, url: str, key: str) -> None:
    if name != "off" and not (1 <= len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
        raise Failure(f"The service's key is needed on standard input: 1 to {KEY_LENGTH_MAX} characters.")
    if fault := Outbound(private=desk.settings.private_hooks).fault(url):
        raise Failure(f"The address {fault}.")
    tenant = await desk.tenant(tenant_id)
    wanted = None if name == "off" else name
    async with desk.db.transaction():
        await actions.set_address_provider(desk.db, desk.vault, desk.revocations, tenant.id, wanted, url=url, key=key)
    if wanted is None:
        desk.say(f"Tenant {tenant.id} asks nobody about addresses any more.")
        return
    desk.say(f"Tenant {tenant.id} asks {url} about addresses from now on.")
