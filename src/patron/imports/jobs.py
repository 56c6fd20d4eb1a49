"""Imports as jobs: a row that says how far one came, changed in the transactions that write its customers."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from patron.imports.model import Complaint, OnExisting
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound, Refused, check_version
from patron.kernel.written import check_length

COMPLAINTS_KEPT_MAX = 20_000  # of one job; further ones are only counted

COLUMNS = """j.id, j.version, j.source, j.status, j.format, j.on_existing, j.skip_errors, j.site_id, j.name,
    j.inputs_size, j.position, j.line, j.processed_count, j.created_count, j.updated_count, j.skipped_count,
    j.errors_count, j.warnings_count, j.resource_type, j.parent_resource_id"""


class Job(msgspec.Struct, frozen=True):
    """An import. The fields stand in the order of `COLUMNS`. `position` is what of its source is done."""

    id: int
    version: int
    source: str
    status: str
    format: str
    on_existing: OnExisting
    skip_errors: bool
    site_id: int
    name: str
    inputs_size: int | None
    position: int
    line: int
    processed_count: int
    created_count: int
    updated_count: int
    skipped_count: int
    errors_count: int
    warnings_count: int
    resource_type: str
    parent_resource_id: str | None

    @property
    def looked_at(self) -> int:
        """How many rows were looked at, bad ones included."""
        return self.processed_count + self.errors_count


class Tally(msgspec.Struct):
    """What became of the rows of a chunk."""

    created: int = 0
    updated: int = 0
    skipped: int = 0
    complaints: list[Complaint] = []


class MovedError(Exception):
    """Somebody else went on with this import, or stopped it."""


async def create(ctx: Ctx, *, source: str, format_: str, on_existing: OnExisting, **more: Any) -> int:
    """A new import that nobody has begun."""
    values = {"source": source, "format": format_, "on_existing": on_existing, "site_id": ctx.at_site.id, **more}
    places = ", ".join(f"${n}" for n in range(4, len(values) + 4))
    job_id = await ctx.db.value(
        f"""
        insert into import_job (tenant_id, created_at, updated_at, created_by, {", ".join(values)})
        values ($1, $2, $2, $3, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        ctx.actor.name,
        *values.values(),
    )
    await events.record(ctx, "import.created", subject=f"import/{job_id}")
    return int(job_id)


async def get(ctx: Ctx, job_id: int) -> Job:
    """An import. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from import_job j where j.tenant_id = $1 and j.id = $2", ctx.tenant_id, job_id
    )
    if row is None:
        raise NotFound("import", job_id)
    return Job(*row)


async def latest_of(ctx: Ctx, digest: bytes, site_id: int) -> Job | None:
    """The last import of a file into a site; the same file is the same content."""
    row = await ctx.db.row(
        f"""
        select {COLUMNS} from import_job j where j.tenant_id = $1 and j.digest = $2 and j.site_id = $3
        order by j.id desc limit 1
        """,
        ctx.tenant_id,
        digest,
        site_id,
    )
    return Job(*row) if row else None


async def begin(ctx: Ctx, job: Job, *, skip_errors: bool | None = None) -> Job:
    """Begin an import, or go on with one that stopped."""
    async with ctx.db.transaction():
        locked = await _lock(ctx, job.id)
        if locked.status == "completed":
            raise MovedError
        await ctx.db.execute(
            """
            update import_job set status = 'in_progress', version = version + 1, updated_at = $3,
                   started_at = coalesce(started_at, $3), interrupted_at = null, skip_errors = coalesce($4, skip_errors)
            where tenant_id = $1 and id = $2
            """,
            ctx.tenant_id,
            job.id,
            ctx.now,
            skip_errors,
        )
        if locked.status == "pending":
            await events.record(ctx, "import.started", subject=f"import/{job.id}")
    return await get(ctx, job.id)


async def hold(ctx: Ctx, job: Job) -> None:
    """Lock an import that stands where it was seen, for the transaction of a chunk. Raises MovedError."""
    locked = await _lock(ctx, job.id)
    if (locked.status, locked.position) != ("in_progress", job.position):
        raise MovedError


async def _lock(ctx: Ctx, job_id: int) -> Job:
    row = await ctx.db.row(
        f"select {COLUMNS} from import_job j where j.tenant_id = $1 and j.id = $2 for update", ctx.tenant_id, job_id
    )
    if row is None:
        raise MovedError
    return Job(*row)


async def advance(ctx: Ctx, job: Job, tally: Tally, *, position: int, line: int) -> Job:
    """Note what became of a chunk, in its transaction. Answers the import as it is now."""
    errors = {one.line for one in tally.complaints if not one.is_warning}
    warnings = sum(one.is_warning for one in tally.complaints)
    await _keep(ctx, job, tally.complaints)
    row = await ctx.db.row(
        f"""
        update import_job as j set position = $3, line = $4, processed_count = processed_count + $5 + $6 + $7,
               created_count = created_count + $5, updated_count = updated_count + $6,
               skipped_count = skipped_count + $7, errors_count = errors_count + $8,
               warnings_count = warnings_count + $9, version = version + 1, updated_at = $10
        where j.tenant_id = $1 and j.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        job.id,
        position,
        line,
        tally.created,
        tally.updated,
        tally.skipped,
        len(errors),
        warnings,
        ctx.now,
    )
    assert row is not None
    return Job(*row)


async def _keep(ctx: Ctx, job: Job, complaints: Sequence[Complaint]) -> None:
    room = COMPLAINTS_KEPT_MAX - job.errors_count - job.warnings_count
    if complaints and room > 0:
        rows = [
            (ctx.tenant_id, job.id, one.line, one.key, one.field, one.message, one.is_warning)
            for one in complaints[:room]
        ]
        columns = ("tenant_id", "job_id", "line", "row_key", "field", "message", "is_warning")
        await ctx.db.copy("import_problem", columns, rows)


async def finish(ctx: Ctx, job: Job, status: str) -> Job:
    """End an import: it is completed or interrupted. In the open transaction if there is one."""
    assert status in ("completed", "interrupted")
    row = await ctx.db.row(
        f"""
        update import_job as j set status = $3, version = version + 1, updated_at = $4::timestamptz,
               sealed_passwords = null,
               completed_at = case when $3 = 'completed' then $4::timestamptz end,
               interrupted_at = case when $3 = 'interrupted' then $4::timestamptz end
        where j.tenant_id = $1 and j.id = $2 and j.status in ('pending', 'in_progress') returning {COLUMNS}
        """,
        ctx.tenant_id,
        job.id,
        status,
        ctx.now,
    )
    if row is None:
        raise MovedError
    counts = {"processed": job.processed_count, "errors": job.errors_count}
    changes: events.Changes = {name: (None, count) for name, count in counts.items()}
    await events.record(ctx, f"import.{status}", subject=f"import/{job.id}", changes=changes)
    return Job(*row)


async def complaints(ctx: Ctx, job_id: int, *, limit: int = COMPLAINTS_KEPT_MAX) -> list[Complaint]:
    """What was wrong with rows of an import, in their order."""
    rows = await ctx.db.fetch(
        """
        select p.line, p.row_key, p.field, p.message, p.is_warning from import_problem p
        where p.tenant_id = $1 and p.job_id = $2 order by p.id limit $3
        """,
        ctx.tenant_id,
        job_id,
        limit,
    )
    return [Complaint(*row) for row in rows]


_EXTRAS = {"reference": 200, "reference_origin": 200}


def extras(given: Mapping[str, Any]) -> dict[str, Any]:
    """What callers write beside a job. Raises Invalid."""
    found: dict[str, Any] = {}
    for name, length in _EXTRAS.items():
        if name in given:
            found[name] = given[name] or None
            check_length(name, given[name], length)
    if "metadata" in given:
        found["metadata"] = given["metadata"] or {}
    return found


async def update(
    ctx: Ctx, job_id: int, given: Mapping[str, Any], *, interrupts: bool, expect: frozenset[int] | None = None
) -> None:
    """Change what callers write beside an import, and stop it. Raises NotFound, Stale, Invalid, Refused."""
    job = await _of_caller(ctx, job_id, expect)
    values = extras(given)
    if values:
        places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
        await ctx.db.execute(
            f"update import_job set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
            ctx.tenant_id,
            job_id,
            ctx.now,
            *values.values(),
        )
    if interrupts:
        if job.status not in ("pending", "in_progress"):
            raise Refused("import_ended", "The import has ended already.")
        await finish(ctx, job, "interrupted")


async def delete(ctx: Ctx, job_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Forget an import; the customers stay. Raises NotFound, Stale, Refused while it runs."""
    job = await _of_caller(ctx, job_id, expect)
    if job.status == "in_progress":
        raise Refused("import_runs", "The import runs: interrupt it first.")
    await ctx.db.execute("delete from import_job where tenant_id = $1 and id = $2", ctx.tenant_id, job_id)
    await events.record(ctx, "import.deleted", subject=f"import/{job_id}")


async def _of_caller(ctx: Ctx, job_id: int, expect: frozenset[int] | None) -> Job:
    try:
        job = await _lock(ctx, job_id)
    except MovedError:
        raise NotFound("import", job_id) from None
    check_version(job.version, expect)
    return job
