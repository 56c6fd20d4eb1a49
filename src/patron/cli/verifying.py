"""`patron verify`: the ledger of credits, added up again."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from patron.cli.desk import Desk, run
from patron.credits import verification
from patron.credits.model import money
from patron.credits.verification import Looked
from patron.kernel.db import Session
from patron.tenants import queries as tenants
from patron.tenants.model import Tenant

SHOWN_MAX = 50

Look = Callable[[Session, int, int], Awaitable[Looked]]

_LOOKS: tuple[Look, ...] = (
    verification.credits_after,
    verification.payments_after,
    verification.balances_after,
)


def verify(
    *, tenant: Annotated[int | None, typer.Option(help="Only this tenant; all of them without it.")] = None
) -> None:
    """Add all entries of the credit ledger again and compare them with the stored balances.

    Ends with status 1 when anything differs. It may run at any time: it locks nothing, and takes no change that is
    under way for a difference.
    """
    run(lambda desk: _verify(desk, tenant))


async def _verify(desk: Desk, tenant_id: int | None) -> None:
    chosen = [await desk.tenant(tenant_id)] if tenant_id is not None else await tenants.every(desk.db)
    drifts = 0
    for tenant in chosen:
        drifts += await _verify_one(desk, tenant)
    if drifts:
        desk.say(f"✗ {drifts:,} sums differ from what their entries add up to. Nothing was changed.")
        raise typer.Exit(1)
    desk.say("✓ Every balance is the sum of its entries.")


async def _verify_one(desk: Desk, tenant: Tenant) -> int:
    """Look at all of a tenant's ledger. Answers how much was wrong."""
    entries = drifts = 0
    with _bar(desk, await verification.size(desk.db, tenant.id)) as done:
        for look in _LOOKS:
            last: int | None = 0
            while last is not None:
                looked = await look(desk.db, tenant.id, last)
                last, entries = looked.last, entries + looked.entries
                for drift in looked.drifts:
                    drifts += 1
                    if drifts <= SHOWN_MAX:
                        desk.say(f"✗ {tenant.name} ({tenant.id}): {drift}")
                done(looked.rows)
    owed = await verification.liabilities(desk.db, tenant.id)
    sums = ", ".join(
        f"{money(one.balance_minor, one.currency)} on {one.credits:,} credit{'s' if one.credits != 1 else ''}"
        for one in owed
    )
    desk.say(f"{tenant.name} ({tenant.id}): {entries:,} entries; {sums or 'no credits'}")
    return drifts


class _bar:  # noqa: N801 - reads as a phrase at the place of use
    """A progress bar over so many rows; what it gives is told how many more are seen."""

    def __init__(self, desk: Desk, total: int) -> None:
        columns = (TextColumn("  adding up"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = desk.screen
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda more: self._progress.advance(self._task, more)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
