"""`patron doctor`: whether everything is as it should be, and what to do where it is not."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, NamedTuple

import typer
from rich.text import Text

from patron import migrations
from patron.cli.desk import Desk, Failure, run
from patron.kernel import mail
from patron.kernel.tokens import Keyring, signing_keys
from patron.tenants import queries as tenants

POSTGRES_MIN = 15
SILENT_SECONDS_MAX = 15  # as /readyz has it
_MARKS = {"fine": ("✓ ", "green"), "odd": ("! ", "yellow"), "wrong": ("✗ ", "red")}


class Check(NamedTuple):
    """What was looked at and what was found; `odd` deserves a look, `wrong` keeps Patron from working."""

    state: Literal["fine", "odd", "wrong"]
    says: str


def doctor() -> None:
    """Check database, schema, keys, worker and mails. Ends with status 1 when something is wrong."""
    run(_doctor)


async def _doctor(desk: Desk) -> None:
    found: list[Check] = []
    for check in _CHECKS:
        found.append(await check(desk))
        state, says = found[-1]
        desk.screen.print(Text.assemble(_MARKS[state], says), soft_wrap=True)
        if check is _schema and state == "wrong":
            break  # the others would stumble over it
    if any(one.state == "wrong" for one in found):
        raise typer.Exit(1)


async def _database(desk: Desk) -> Check:
    version = int(await desk.db.value("select current_setting('server_version_num')"))
    name = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    if version // 10_000 < POSTGRES_MIN:
        return Check("wrong", f"The database is {name}; Patron needs {POSTGRES_MIN} or newer.")
    where = "the one of DATABASE_URL" if desk.settings.database_url else f"the embedded one, {desk.url}"
    return Check("fine", f"The database answers: {name}, {where}.")


async def _schema(desk: Desk) -> Check:
    from alembic.script import ScriptDirectory  # 0.4 s that no other command needs

    newest = ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
    current = None
    if await desk.db.value("select to_regclass('alembic_version')") is not None:
        current = await desk.db.value("select version_num from alembic_version")
    if current == newest:
        return Check("fine", f"The schema is up to date: {current}.")
    return Check("wrong", f"The schema is at {current or 'nothing'}, this Patron needs {newest}. Run: patron migrate")


async def _keys(desk: Desk) -> Check:
    try:
        await Keyring(desk.vault, desk.settings.issuer).load(desk.db)
    except Failure as failure:
        return Check("wrong", str(failure))
    except ValueError:
        return Check("wrong", "The secret key is not the one that this database was sealed with. Bring that one back.")
    active = [
        key
        for key in await signing_keys(desk.db)
        if key.active_from <= desk.now and (key.retires_at is None or desk.now < key.retires_at)
    ]
    if not active:
        return Check("odd", "The secret key is there; no signing key yet (the first start of a server makes one).")
    return Check("fine", f"The secret key fits, and {active[0].kid} signs tokens.")


async def _worker(desk: Desk) -> Check:
    silent = await desk.db.value(
        "select extract(epoch from clock_timestamp() - max(seen_at))::bigint from heartbeat where name = 'worker'"
    )
    if silent is None:
        return Check("wrong", "No background worker has ever run here: no mail goes out. Start: patron serve")
    if silent > SILENT_SECONDS_MAX:
        return Check("wrong", f"The background worker was last alive {silent:,} seconds ago: no mail goes out.")
    return Check("fine", "The background worker is alive.")


async def _mails(desk: Desk) -> Check:
    queues = [await mail.queue_of(desk.db, tenant.id) for tenant in await tenants.every(desk.db)]
    waiting, late = sum(one.waiting for one in queues), sum(one.late for one in queues)
    if not desk.settings.smtp_url:
        return Check(
            "odd", "PATRON_SMTP_URL is not set (here): mails are kept, not sent. See them with: patron mail list"
        )
    if late:
        return Check(
            "odd", f"{late:,} of {waiting:,} waiting mails could not be sent so far; patron mail show says why."
        )
    return Check("fine", f"Mails go out; {waiting:,} are waiting for their turn.")


_CHECKS: tuple[Callable[[Desk], Awaitable[Check]], ...] = (_database, _schema, _keys, _worker, _mails)
