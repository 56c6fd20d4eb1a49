"""`patron keys`: the keys that sign tokens."""

from datetime import timedelta
from typing import Annotated

import typer

from patron.cli.desk import Desk, run
from patron.kernel.tokens import LEAD_MIN, SigningKey, rotate_keys, signing_keys

app = typer.Typer(help="The keys that sign tokens.", no_args_is_help=True)


@app.command("list")
def list_keys() -> None:
    """List the signing keys, the newest first."""
    run(_list)


async def _list(desk: Desk) -> None:
    keys = await signing_keys(desk.db)
    signing = {key.algorithm: key.kid for key in reversed(keys) if _is_active(desk, key)}
    rows = [
        (key.kid, key.algorithm, _state(desk, key, signing.get(key.algorithm)), key.active_from, key.retires_at)
        for key in keys
    ]
    desk.show(("key", "algorithm", "state", "signs from", "verifies until"), rows)


def _is_active(desk: Desk, key: SigningKey) -> bool:
    return key.active_from <= desk.now and (key.retires_at is None or desk.now < key.retires_at)


def _state(desk: Desk, key: SigningKey, signing: str | None) -> str:
    if key.kid == signing:
        return "signs"
    if key.active_from > desk.now:
        return "will sign"
    return "verifies" if _is_active(desk, key) else "retired"


@app.command()
def rotate(
    *,
    lead: Annotated[
        int,
        typer.Option(
            min=0, help="Minutes until the new key signs (0: a few seconds); until then others may read it at the JWKS."
        ),
    ] = 15,
    overlap: Annotated[
        int, typer.Option(min=0, help="Hours for which what older keys signed stays good after that.")
    ] = 48,
) -> None:
    """Make a new signing key of each algorithm and retire the older ones.

    Tokens live for a day at most, so with an overlap of 25 hours or more nobody notices. With less, what was signed
    before ends early; servers hear of it within a minute.
    """
    run(lambda desk: _rotate(desk, timedelta(minutes=lead), timedelta(hours=overlap)))


async def _rotate(desk: Desk, lead: timedelta, overlap: timedelta) -> None:
    if await signing_keys(desk.db):
        lead = max(lead, LEAD_MIN)
    kids = await rotate_keys(desk.db, desk.vault, desk.now, lead=lead, overlap=overlap)
    start = desk.now + lead
    desk.say(f"Made the keys {' and '.join(kids)}.")
    desk.say(
        f"They sign from {start:%Y-%m-%d %H:%M} UTC on; older keys verify until {start + overlap:%Y-%m-%d %H:%M} UTC."
    )
