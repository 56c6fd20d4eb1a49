"""`patron import`: customers from a file."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from patron.cli.desk import Desk, Failure, run
from patron.imports import jobs, running
from patron.imports.jobs import Job, MovedError
from patron.imports.model import Complaint, OnExisting
from patron.imports.reading import Format, Source
from patron.imports.rehearsal import Findings, rehearse
from patron.kernel.caller import SYSTEM, Site
from patron.kernel.clock import clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.secrets import Passwords
from patron.kernel.tokens import Keyring
from patron.processes import collect_less
from patron.tenants import queries as tenants
from patron.tenants.model import Tenant

SHOWN_MAX = 20


def import_customers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a head line, or JSON lines.")],
    *,
    tenant: Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")] = None,
    site: Annotated[int | None, typer.Option(help="Site of the customers; the tenant's first one without it.")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="csv or json; else as the name ends.")] = None,
    on_existing: Annotated[str, typer.Option(help="Customers who are there already: skip, update or fail.")] = "skip",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    skip_errors: Annotated[bool, typer.Option("--skip-errors", help="Go on, however many rows are wrong.")] = False,
    column: Annotated[list[str] | None, typer.Option(help="THEIRS=OURS: a column by another name.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="A column that is left out.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write all that is wrong to this CSV file.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also a file that was imported before.")] = False,
) -> None:
    """Import customers with their contacts and password hashes (docs/imports.md describes the columns).

    An interrupted import goes on where it stopped when it is started again with the same file. It stops by itself when
    more than a tenth of the rows are wrong.
    """
    if on_existing not in ("skip", "update", "fail"):
        raise typer.BadParameter("--on-existing is skip, update or fail")
    if format_ not in (None, "csv", "json"):
        raise typer.BadParameter("--format is csv or json")
    renamed = dict(_pair(one) for one in column or ())

    async def work(desk: Desk) -> None:
        source = Source(file, _format(format_), renamed=renamed, ignored=frozenset(ignore or ()))
        next(source.records(), None)  # a head that has no meaning is told before anything else
        counter = await Counter.open(desk, tenant, site)
        try:
            if dry_run:
                await _rehearse(counter, source, report)
            else:
                await _import(counter, source, _on_existing(on_existing), report, skip_errors=skip_errors, again=again)
        finally:
            counter.close()

    run(work)


def _pair(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.partition("=")
    if not sign or not theirs.strip() or not ours.strip():
        raise typer.BadParameter(f"--column {text}: write THEIRS=OURS")
    return theirs.strip(), ours.strip()


def _format(text: str | None) -> Format | None:
    formats: dict[str | None, Format] = {"csv": "csv", "json": "json"}
    return formats.get(text)


def _on_existing(text: str) -> OnExisting:
    ways: dict[str, OnExisting] = {"skip": "skip", "update": "update", "fail": "fail"}
    return ways[text]


class Counter:
    """A desk at which customers move in and out: of one tenant, at one site."""

    def __init__(self, desk: Desk, tenant: Tenant, site: Site, secrets: Secrets) -> None:
        self.desk = desk
        self.tenant = tenant
        self.site = site
        self._secrets = secrets

    @classmethod
    async def open(cls, desk: Desk, tenant_id: int | None, site_id: int | None) -> "Counter":
        """Raises Failure, NotFound."""
        tenant = await desk.tenant(tenant_id)
        sites = await tenants.sites(desk.db, tenant.id)
        site = next((one for one in sites if site_id in (None, one.id)), None)
        if site is None:
            raise Failure(f"{tenant.name} ({tenant.id}) has no site {site_id or 'that customers could belong to'}.")
        vault = desk.vault
        secrets = Secrets(vault, Keyring(vault, desk.settings.issuer), Passwords(), desk.revocations)
        return cls(desk, tenant, site, secrets)

    def close(self) -> None:
        """Stop what was started."""
        self._secrets.passwords.close()

    def ctx(self, request_id: str = "import") -> Ctx:
        """A context with a session of its own."""
        db = self.desk.database.session()
        return Ctx(self.tenant.id, SYSTEM, frozenset(), clock(), request_id, db, self._secrets, self.site)


@contextmanager
def measured(desk: Desk, total: int, done: int = 0) -> Iterator[Callable[[int], None]]:
    """A progress bar over so many bytes or rows; what it gives is told how far it is."""
    columns = (
        *(TextColumn("  {task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()),
        *(TextColumn("left:"), TimeRemainingColumn()),
    )
    console = desk.screen
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("customers", total=max(total, 1), completed=done)
        yield lambda now: bar.update(task, completed=now)


async def _rehearse(counter: Counter, source: Source, report: Path | None) -> None:
    with measured(counter.desk, source.size) as done:
        found = await rehearse(counter.ctx(), source.records(), done)
    say = counter.desk.say
    say(f"{found.rows:,} rows, of which {found.rows - found.bad:,} can be imported:")
    say(f"  {found.logins:,} with a password, {found.contacts:,} contacts")
    say(f"  {found.there:,} of customers who are there already")
    say(f"  {found.twice:,} that repeat an earlier row")
    say(f"  {found.unknown_hashes:,} with a password hash of an unknown format")
    say(f"{found.bad:,} rows are wrong.")
    _tell(counter.desk, found.complaints, _total(found), report)
    say("Nothing was written.")


def _total(found: Findings) -> int:
    return max(len(found.complaints), found.bad)


async def _import(
    counter: Counter, source: Source, on_existing: OnExisting, report: Path | None, *, skip_errors: bool, again: bool
) -> None:
    desk, ctx = counter.desk, counter.ctx()
    job = await _job(counter, source, on_existing, skip_errors=skip_errors, again=again)
    began, first = time.perf_counter(), job.looked_at
    if job.position:
        desk.say(f"Going on with import {job.id} behind line {job.line:,}.")
    collect_less(100_000)  # there are always some thousand rows
    try:
        with measured(desk, source.size, job.position) as done:
            job = await running.run(
                lambda: counter.ctx(f"import-{job.id}"),
                job,
                source.records(job.position, job.line),
                lambda now: done(now.position),
            )
    except MovedError:
        raise Failure("Somebody else goes on with this import, or stopped it.") from None
    seconds = time.perf_counter() - began
    rate = (job.looked_at - first) / seconds
    desk.say(
        f"Import {job.id} into {counter.tenant.name} ({counter.tenant.id}): {job.created_count:,} new, "
        f"{job.updated_count:,} changed, {job.skipped_count:,} there already, {job.errors_count:,} wrong; "
        f"{job.looked_at - first:,} rows in {seconds:,.1f} s, {rate:,.0f} a second."
    )
    _tell(desk, await jobs.complaints(ctx, job.id), job.errors_count + job.warnings_count, report)
    if job.status == "interrupted":
        raise Failure(
            "Stopped: more than a tenth of the rows are wrong. The others up to that point are imported. "
            "Mend the file, or go on with --skip-errors."
        )


async def _job(counter: Counter, source: Source, on_existing: OnExisting, *, skip_errors: bool, again: bool) -> Job:
    """The import that is to run: one that stopped, or a new one. Raises Failure."""
    ctx = counter.ctx()
    job = await jobs.latest_of(ctx, source.digest, counter.site.id)
    if job is not None and job.status == "completed":
        if not again:
            raise Failure(f"This file was imported before, as import {job.id}. If you mean it, say so with --again.")
        job = None
    if job is not None and job.on_existing != on_existing:
        raise Failure(f"Import {job.id} of this file began with --on-existing {job.on_existing}: go on with that.")
    if job is None:
        async with ctx.db.transaction():
            more = {"digest": source.digest, "name": source.path.name, "skip_errors": skip_errors}
            job_id = await jobs.create(ctx, source="file", format_=source.format, on_existing=on_existing, **more)
        job = await jobs.get(ctx, job_id)
    return await jobs.begin(ctx, job, skip_errors=skip_errors)


def _tell(desk: Desk, complaints: list[Complaint], total: int, report: Path | None) -> None:
    for one in complaints[:SHOWN_MAX]:
        sign = "!" if one.is_warning else "✗"
        desk.say(f"{sign} line {one.line} ({one.key}): {one.field + ' ' if one.field else ''}{one.message}")
    if total > SHOWN_MAX:
        desk.say(f"… and more: {total:,} in all. --report FILE writes them to a file.")
    if report is not None:
        with report.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("line", "customer", "field", "problem", "kind"))
            kinds = {True: "warning", False: "error"}
            rows.writerows((one.line, one.key, one.field, one.message, kinds[one.is_warning]) for one in complaints)
        desk.say(f"{len(complaints):,} lines written to {report}.")
