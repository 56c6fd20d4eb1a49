"""Exports as jobs: the worker writes them part by part, and goes on behind the last record of the last part."""

from collections.abc import Mapping, Sequence
from typing import Any

from patron.imports import exporting
from patron.imports.dialect import Choice, Dialect, Portion
from patron.imports.exporting import Wanted, chosen
from patron.imports.jobs import extras
from patron.imports.records import SIGNED
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row, Session
from patron.kernel.errors import Invalid, NotFound, Refused, check_version
from patron.kernel.query import Fields, Filter
from patron.kernel.secrets import random_token
from patron.segments.rules import from_json, to_json

FIELDS = tuple(name for name in exporting.EXPORTED if name != "password_hash")
_JSON = ("includes", "fields", "filters")


async def create(ctx: Ctx, given: Mapping[str, Any], condition: Filter | None) -> int:
    """A new export that the worker will begin; what it asks for was checked. `condition` is on its listing's fields."""
    values = {
        "resource_type": given["resource_type"],
        "format": given.get("format") or "json",
        "site_id": ctx.at_site.id,
        "link_key": random_token(),
        "condition": to_json(condition) if condition is not None else None,
        **{name: given[name] for name in (*_JSON, "dry_data", "jwt_filters") if given.get(name) is not None},
        **extras(given),
    }
    places = ", ".join(f"${n}" for n in range(4, len(values) + 4))
    job_id = await ctx.db.value(
        f"""
        insert into export_job (tenant_id, created_at, updated_at, created_by, {", ".join(values)})
        values ($1, $2, $2, $3, {places}) returning id
        """,
        ctx.tenant_id,
        ctx.now,
        ctx.actor.name,
        *values.values(),
    )
    await events.record(ctx, "export.created", subject=f"export/{job_id}")
    return int(job_id)


def check_columns(fields: Sequence[str] | None) -> None:
    """See that customers have these columns. Raises Invalid."""
    if "password_hash" in (fields or ()):
        raise Invalid.field("fields", "never has password hashes here", "inclusion")
    chosen(fields)


async def _lock(ctx: Ctx, job_id: int) -> Row:
    row = await ctx.db.row(
        "select * from export_job where tenant_id = $1 and id = $2 for update", ctx.tenant_id, job_id
    )
    if row is None:
        raise NotFound("export", job_id)
    return row


async def update(
    ctx: Ctx,
    job_id: int,
    given: Mapping[str, Any],
    *,
    starts: bool,
    interrupts: bool,
    expect: frozenset[int] | None = None,
) -> None:
    """Change what callers write beside an export, stop it, or begin it again.

    Raises NotFound, Stale, Invalid, Refused.
    """
    job = await _lock(ctx, job_id)
    check_version(job["version"], expect)
    values = extras(given)
    if values:
        places = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=4))
        await ctx.db.execute(
            f"update export_job set version = version + 1, updated_at = $3, {places} where tenant_id = $1 and id = $2",
            ctx.tenant_id,
            job_id,
            ctx.now,
            *values.values(),
        )
    if interrupts:
        if job["status"] not in ("pending", "in_progress"):
            raise Refused("export_ended", "The export has ended already.")
        await _end(ctx, job_id, "interrupted")
    if starts:
        if job["status"] not in ("pending", "interrupted", "failed"):
            raise Refused("export_runs", "The export runs, or is complete.")
        await ctx.db.execute(
            """
            update export_job set status = 'pending', version = version + 1, updated_at = $3, interrupted_at = null,
                   errors_log = '{}'
            where tenant_id = $1 and id = $2
            """,
            ctx.tenant_id,
            job_id,
            ctx.now,
        )


async def _end(ctx: Ctx, job_id: int, status: str, error: Mapping[str, str] | None = None) -> None:
    await ctx.db.execute(
        """
        update export_job set status = $3, version = version + 1, updated_at = $4::timestamptz, errors_log = $5,
               completed_at = case when $3 = 'completed' then $4::timestamptz end,
               interrupted_at = case when $3 = 'interrupted' then $4::timestamptz end
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        job_id,
        status,
        ctx.now,
        error or {},
    )
    await events.record(ctx, f"export.{status}", subject=f"export/{job_id}")


async def delete(ctx: Ctx, job_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove an export and its file. Raises NotFound, Stale, Refused while it runs."""
    job = await _lock(ctx, job_id)
    check_version(job["version"], expect)
    if job["status"] == "in_progress":
        raise Refused("export_runs", "The export runs: interrupt it first.")
    await ctx.db.execute("delete from export_job where tenant_id = $1 and id = $2", ctx.tenant_id, job_id)
    await events.record(ctx, "export.deleted", subject=f"export/{job_id}")


async def fail(ctx: Ctx, job_id: int, reason: str) -> None:
    """End an export that cannot go on."""
    async with ctx.db.transaction():
        await _end(ctx, job_id, "failed", {"error": reason})


async def step(ctx: Ctx, job_id: int, known: Fields, dialect: Dialect) -> None:
    """Write the next part of an export, and end it after the last. In one transaction, once."""
    async with ctx.db.transaction():
        job = await _lock(ctx, job_id)
        if job["status"] not in ("pending", "in_progress"):
            return
        source = _Customers(job, known) if job["resource_type"] == "customers" else _Others(job, dialect)
        total = job["records_count"]
        if job["status"] == "pending":
            total = await source.count(ctx)
            await events.record(ctx, "export.started", subject=f"export/{job_id}")
        portion = await source.portion(ctx, job["last_id"])
        if portion.lines:
            await _keep(ctx, job_id, portion.last, portion.lines)
        await ctx.db.execute(
            """
            update export_job set status = 'in_progress', version = version + 1, updated_at = $3, last_id = $4,
                   started_at = coalesce(started_at, $3), processed_count = processed_count + $5, records_count = $6
            where tenant_id = $1 and id = $2
            """,
            ctx.tenant_id,
            job_id,
            ctx.now,
            portion.last,
            portion.count,
            total,
        )
        if portion.is_end:
            await _end(ctx, job_id, "completed")


class _Customers:
    """Customers, in the format in which they are imported."""

    def __init__(self, job: Row, known: Fields) -> None:
        condition = from_json(job["condition"]) if job["condition"] else None
        self._wanted = Wanted(condition, tuple(name for name in chosen(job["fields"]) if name in FIELDS))
        self._format = job["format"]
        self._known = known

    async def count(self, ctx: Ctx) -> int:
        return await exporting.count(ctx, self._wanted, self._known)

    async def portion(self, ctx: Ctx, behind: int) -> Portion:
        customers, last = await exporting.batch(ctx, self._wanted, self._known, behind)
        fields = self._wanted.fields
        first = exporting.head(self._format, fields) if behind == 0 else b""
        is_end = len(customers) < exporting.ROWS_AT_ONCE
        return Portion(first + exporting.lines(self._format, fields, customers), len(customers), last, is_end)


class _Others:
    """What only the dialect's face knows."""

    def __init__(self, job: Row, dialect: Dialect) -> None:
        self._choice = Choice(
            type=job["resource_type"],
            format=job["format"],
            filters=job["filters"] or {},
            fields=job["fields"] or (),
            includes=job["includes"] or (),
            is_dry=bool(job["dry_data"]),
            within=from_json(job["condition"]) if job["condition"] else None,
        )
        self._dialect = dialect

    async def count(self, ctx: Ctx) -> int:
        return await self._dialect.count(ctx, self._choice)

    async def portion(self, ctx: Ctx, behind: int) -> Portion:
        return await self._dialect.portion(ctx, self._choice, behind)


async def _keep(ctx: Ctx, job_id: int, number: int, data: bytes) -> None:
    await ctx.db.execute(
        """
        insert into export_part (tenant_id, job_id, number, data) values ($1, $2, $3, $4)
        on conflict (tenant_id, job_id, number) do update set data = excluded.data
        """,
        ctx.tenant_id,
        job_id,
        number,
        data,
    )


class Download:
    """The file of an export, read part by part."""

    def __init__(self, db: Session, tenant_id: int, job_id: int, row: Row) -> None:
        self._db = db
        self._tenant_id = tenant_id
        self._job_id = job_id
        self.format = str(row["format"])
        self.type = str(row["resource_type"])

    async def part(self, behind: int) -> tuple[int, bytes] | None:
        """The part behind a number, with its own; None when there is no other."""
        row = await self._db.row(
            """
            select t.number, t.data from export_part t where t.tenant_id = $1 and t.job_id = $2 and t.number > $3
            order by t.number limit 1
            """,
            self._tenant_id,
            self._job_id,
            behind,
        )
        return (row["number"], row["data"]) if row else None


async def open_link(db: Session, tenant_id: int, job_id: int, ends: int, signature: str) -> Download | None:
    """The file that a link leads to; None for a link that is none of ours, or is over."""
    signed = SIGNED.format(key="e.link_key", ends="$3::bigint")
    row = await db.row(
        f"""
        select e.format, e.resource_type from export_job e
        where e.tenant_id = $1 and e.id = $2 and e.status = 'completed' and e.link_key <> '' and {signed} = $4
          and $3::bigint >= extract(epoch from clock_timestamp())
        """,
        tenant_id,
        job_id,
        ends,
        signature,
    )
    return Download(db, tenant_id, job_id, row) if row else None
