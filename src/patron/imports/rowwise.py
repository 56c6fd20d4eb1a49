"""Imports resources other than customers: row by row, through what a request that makes or changes one runs.

A chunk is one transaction with how far the import came; each row is a part of it that fails by itself.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from patron.imports import inputs, jobs, running
from patron.imports.dialect import Dialect, Written
from patron.imports.jobs import Job, Tally
from patron.imports.model import Complaint
from patron.imports.writing import ATTEMPTS_MAX
from patron.kernel.context import Ctx
from patron.kernel.errors import Locked, PatronError, Retry, TooMany, Unavailable

ROWS_AT_ONCE = 100
# What is wrong with the moment, not with the row: the chunk is tried again.
_PASSING = (Locked, TooMany, Unavailable)


class Read(msgspec.Struct):
    """A row that was read: what it means, or why it has no meaning."""

    line: int
    key: str
    draft: Any = None
    fault: PatronError | None = None


async def step(ctx_now: Callable[[], Ctx], job: Job, dialect: Dialect) -> Job:
    """Import one chunk of a begun job, and end it after the last. Raises MovedError, Unavailable, Locked, TooMany."""
    rows = await inputs.some(ctx_now(), job.id, job.position, ROWS_AT_ONCE)
    if rows:
        ctx = ctx_now()
        read = [await _read(ctx, job, dialect, line, row) for line, row in enumerate(rows, start=job.position + 1)]
        job = await _write(ctx_now, job, dialect, read)
        if running.is_too_bad(job):
            return await running.end(ctx_now(), job, "interrupted")
        if job.inputs_size is None or job.position < job.inputs_size:
            return job
    return await running.end(ctx_now(), job, "completed")


async def _read(ctx: Ctx, job: Job, dialect: Dialect, line: int, row: Any) -> Read:
    read = Read(line, dialect.key(job.resource_type, row, line))
    try:
        read.draft = await dialect.read(ctx, job.resource_type, row, job.parent_resource_id)
    except _PASSING:
        raise
    except PatronError as error:
        read.fault = error
    return read


async def _write(ctx_now: Callable[[], Ctx], job: Job, dialect: Dialect, rows: list[Read]) -> Job:
    """Write a chunk once. Answers the import as it is now."""
    for _ in range(ATTEMPTS_MAX):
        ctx = ctx_now()
        try:
            async with ctx.db.transaction():
                await jobs.hold(ctx, job)
                tally = Tally()
                for read in rows:
                    await _put(ctx, job, dialect, tally, read)
                return await jobs.advance(ctx, job, tally, position=rows[-1].line, line=rows[-1].line)
        except (Locked, Retry):
            continue
    raise Unavailable("Others change the same things at this moment.")


async def _put(ctx: Ctx, job: Job, dialect: Dialect, tally: Tally, read: Read) -> None:
    written: Written | PatronError = read.fault if read.fault is not None else await _written(ctx, dialect, read)
    if isinstance(written, Written):
        tally.created += written.is_new
        tally.updated += not written.is_new
        told, is_warning = list(written.warnings), True
    else:
        told, is_warning = dialect.faults(job.resource_type, written), False
    tally.complaints += [Complaint(read.line, read.key, field, message, is_warning) for field, message in told]


async def _written(ctx: Ctx, dialect: Dialect, read: Read) -> Written | PatronError:
    """What became of a row, or what is wrong with it."""
    try:
        async with ctx.db.part():
            return await dialect.write(ctx, read.draft)
    except _PASSING:
        raise
    except PatronError as error:
        return error
