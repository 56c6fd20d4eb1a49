"""`patron tenant settings`: the rules that a tenant has, and one of its sites."""

from typing import Annotated, Any

import typer

from patron.cli.desk import Desk, Failure, run
from patron.mails.kinds import KINDS
from patron.tenants import policies, queries
from patron.tenants.model import merged

_MAILS = [kind.name for kind in KINDS.values() if kind.suppressible]


def settings(
    tenant_id: Annotated[int, typer.Argument(metavar="ID", help="The tenant, as `patron tenant list` has it.")],
    *,
    site: Annotated[
        int | None, typer.Option(help="A site, as `patron tenant list` has it: what it has in place of the tenant's.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Change a setting, such as password.length_min=8; repeatable."
        ),
    ] = None,
    resets: Annotated[
        list[str] | None,
        typer.Option("--reset", metavar="NAME", help="Go back to the default; for a site to the tenant's; repeatable."),
    ] = None,
) -> None:
    """Show a tenant's settings, after changing some. What is changed counts from the next request on."""
    run(lambda desk: _settings(desk, tenant_id, site, changes or [], resets or []))


async def _settings(desk: Desk, tenant_id: int, site_id: int | None, changes: list[str], resets: list[str]) -> None:
    tenant = await queries.get(desk.db, tenant_id)
    read = dict(_read(change) for change in changes)
    if unknown := [name for name in resets if name not in policies.SAYS]:
        raise Failure(f"There is no setting {unknown[0][:60]}. There are: {', '.join(policies.SAYS)}")
    async with desk.db.transaction():
        if site_id is None:
            await policies.change(desk.db, desk.revocations, tenant.id, read, resets)
        else:
            await _change_site(desk, tenant_id, site_id, read, resets)
    of_tenant, of_site = (await queries.get(desk.db, tenant_id)).settings, dict[str, Any]()
    if site_id is not None:
        of_tenant, of_site = await queries.site_settings(desk.db, tenant_id, site_id)
    policy = merged(of_tenant, of_site)
    rows = [
        (name, policies.shown(policies.value(policy, name)), says, _origin(of_tenant, of_site, name))
        for name, says in policies.SAYS.items()
    ]
    desk.show(("name", "value", "meaning", "set for"), rows)


async def _change_site(desk: Desk, tenant_id: int, site_id: int, changes: dict[str, Any], resets: list[str]) -> None:
    try:
        await policies.change_site(desk.db, desk.revocations, tenant_id, site_id, changes, resets)
    except ValueError as error:
        raise Failure(str(error)) from None


def _origin(of_tenant: dict[str, Any], of_site: dict[str, Any], name: str) -> str | None:
    if policies.is_set(of_site, name):
        return "the site"
    return "the tenant" if policies.is_set(of_tenant, name) else None


def _read(change: str) -> tuple[str, object]:
    name, equals, text = (part.strip() for part in change.partition("="))
    if not equals:
        raise Failure(f"--set takes NAME=VALUE, not {name[:60]!r}.")
    try:
        value = policies.read(name, text)
    except ValueError as error:
        raise Failure(str(error)) from None
    unknown = sorted({*value} - {*_MAILS}) if name == "suppressed_mails" else []
    if unknown:
        raise Failure(f"There is no kind of mail {', '.join(unknown)[:60]}. There are: {', '.join(_MAILS)}")
    return name, value
