"""`patron visits`: the months in which visits lie, and the end of those that are kept no longer."""

import typer

from patron.cli.desk import Desk, run
from patron.visits import months, retention

app = typer.Typer(help="Visits: their months, and what is kept of them.", no_args_is_help=True)


@app.command("partitions")
def list_partitions() -> None:
    """List the months that there are, the newest first, with about how many visits of all tenants each holds."""
    run(_partitions)


async def _partitions(desk: Desk) -> None:
    found = await months.partitions(desk.db)
    if not found:
        desk.say("There are no months yet. The worker makes them, and so does the first visit.")
        return
    desk.show(("month", "visits", "MB"), [(f"{one.month:%Y-%m}", one.visits, one.bytes // 1_000_000) for one in found])


@app.command()
def prune() -> None:
    """Remove visits that their tenants keep no longer (`visit_months`). The worker does it too, every ten minutes."""
    run(_prune)


async def _prune(desk: Desk) -> None:
    gone = await retention.upkeep(desk.db, desk.now)
    named = ", ".join(f"{month:%Y-%m}" for month in gone.months) or "none"
    desk.say(f"Months dropped: {named}. Single visits removed from other months: {gone.visits}.")
