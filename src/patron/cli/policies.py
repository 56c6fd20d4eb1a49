"""`patron tenant settings`: the rules that one tenant has."""

from typing import Annotated

import typer

from patron.cli.desk import Desk, Failure, run
from patron.mails.kinds import KINDS
from patron.tenants import policies, queries

_MAILS = [kind.name for kind in KINDS.values() if kind.suppressible]


def settings(
    tenant_id: Annotated[int, typer.Argument(metavar="ID", help="The tenant, as `patron tenant list` has it.")],
    *,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Change a setting, such as password.length_min=8; repeatable."
        ),
    ] = None,
) -> None:
    """Show a tenant's settings, after changing some. What is changed counts from the next request on."""
    run(lambda desk: _settings(desk, tenant_id, changes or []))


async def _settings(desk: Desk, tenant_id: int, changes: list[str]) -> None:
    await queries.get(desk.db, tenant_id)
    read = dict(_read(change) for change in changes)
    async with desk.db.transaction():
        policy = await policies.change(desk.db, tenant_id, read)
    rows = [(name, policies.shown(policies.value(policy, name)), says) for name, says in policies.SAYS.items()]
    desk.show(("name", "value", "meaning"), rows)


def _read(change: str) -> tuple[str, object]:
    name, equals, text = (part.strip() for part in change.partition("="))
    if not equals:
        raise Failure(f"--set takes NAME=VALUE, not {name[:60]!r}.")
    try:
        value = policies.read(name, text)
    except ValueError as error:
        raise Failure(str(error)) from None
    unknown = sorted(set(value) - set(_MAILS)) if isinstance(value, list) else []
    if unknown:
        raise Failure(f"There is no kind of mail {', '.join(unknown)[:60]}. There are: {', '.join(_MAILS)}")
    return name, value
