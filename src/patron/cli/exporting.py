"""`patron export`: customers to a file that imports again."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from patron.accounts.records import CUSTOMERS
from patron.cli.desk import Desk, Failure, run
from patron.cli.importing import Counter, measured
from patron.imports import exporting
from patron.imports.exporting import Wanted


def export_customers(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to: .csv for CSV, else JSON lines.")],
    *,
    tenant: Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")] = None,
    site: Annotated[int | None, typer.Option(help="Site of the customers; the tenant's first one without it.")] = None,
    passwords: Annotated[bool, typer.Option("--passwords", help="With the hashes of passwords.")] = False,
) -> None:
    """Export customers with their contacts, as of one moment, in the format of `patron import`.

    The file is readable by its owner only, and there under its name when it is whole.
    """
    run(lambda desk: _export(desk, file, tenant, site, passwords=passwords))


@contextmanager
def _draft(file: Path) -> Iterator[BinaryIO]:
    """A private file that is there under its name when all of it is on disk. Raises Failure."""
    if file.exists():
        raise Failure(f"{file} is there already.")
    draft = file.with_name(file.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        draft.replace(file)
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


async def _export(desk: Desk, file: Path, tenant_id: int | None, site_id: int | None, *, passwords: bool) -> None:
    counter = await Counter.open(desk, tenant_id, site_id)
    format_ = "csv" if file.suffix.lower() in (".csv", ".tsv", ".txt") else "json"
    fields = tuple(name for name in exporting.EXPORTED if passwords or name != "password_hash")
    wanted, ctx = Wanted(fields=fields, with_passwords=passwords), counter.ctx("export")
    began, done, last = time.perf_counter(), 0, 0
    try:
        with _draft(file) as output:
            async with ctx.db.transaction():
                await exporting.take_snapshot(ctx)
                total = await exporting.count(ctx, wanted, CUSTOMERS.fields)
                output.write(exporting.head(format_, fields))
                with measured(desk, total) as shown:
                    while True:
                        customers, last = await exporting.batch(ctx, wanted, CUSTOMERS.fields, last)
                        if not customers:
                            break
                        output.write(exporting.lines(format_, fields, customers))
                        done += len(customers)
                        shown(done)
    finally:
        counter.close()
    seconds = time.perf_counter() - began
    desk.say(f"{done:,} customers of {counter.tenant.name} ({counter.tenant.id}) to {file} in {seconds:,.1f} s.")
