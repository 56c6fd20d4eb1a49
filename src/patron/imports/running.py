"""Runs an import: reads, checks and prepares a chunk while those before it are written. Memory stays flat.

Each chunk is one transaction that also says how far the import came. So it may be killed at any moment, and goes on
with the first row that is not there.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, repeat

from patron.imports import jobs, writing
from patron.imports.checking import check
from patron.imports.jobs import Job
from patron.imports.model import Ready, Record
from patron.imports.writing import Chunk
from patron.kernel.context import Ctx
from patron.tenants import queries as tenants
from patron.tenants.model import PasswordPolicy

ROWS_AT_ONCE = 2_000
FIRST_ROWS = (250, 500, 1_000)  # of the first chunks: the database has something to do soon
WRITTEN_AT_ONCE = 2  # chunks: while one connection waits for the disk or for us, the other has something to do
BYTES_AT_ONCE = 4_000_000
PASSWORDS_AT_ONCE = 50  # in clear text: each takes some 25 ms to hash
LOOKED_AT_BEFORE = 7  # the number of the chunk before which PostgreSQL looks at what were empty tables
ERRORS_PERCENT_MAX = 10
ERRORS_JUDGED_FROM = 1_000  # rows, where nobody knows how many there are

Progress = Callable[[Job], None]


async def run(ctx_now: Callable[[], Ctx], job: Job, records: Iterator[Record], told: Progress = lambda _: None) -> Job:
    """Import what is left of a begun job. `ctx_now` gives a context of its own to each chunk.

    It ends completed, or interrupted when more than a tenth of the rows are wrong and those are not to be skipped.
    Raises MovedError when somebody else went on with it or stopped it, Invalid for a source that cannot be read.
    """
    policy = (await tenants.policy(ctx_now())).password
    under_way: deque[tuple[Chunk, asyncio.Task[Job]]] = deque()
    last = _known(job)

    async def written() -> Job:
        now = await under_way[0][1]
        under_way.popleft()
        told(now)
        return now

    try:
        for number, most in enumerate(chain(FIRST_ROWS, repeat(ROWS_AT_ONCE))):
            chunk = await _next(ctx_now, records, policy, most)
            if chunk is None:
                break
            ctx = ctx_now()
            await writing.prepare(ctx, chunk, [one for one, _ in under_way])
            if len(under_way) == WRITTEN_AT_ONCE and is_too_bad(job := await written()):
                break
            if number == LOOKED_AT_BEFORE:
                await writing.look_at_small_tables(ctx_now())
            last = asyncio.create_task(writing.write(ctx, chunk, last))
            under_way.append((chunk, last))
        while under_way:
            job = await written()
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)
    return await end(ctx_now(), job, "interrupted" if is_too_bad(job, is_over=True) else "completed")


def _known(job: Job) -> "asyncio.Future[Job]":
    """An import that need not be waited for."""
    known: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
    known.set_result(job)
    return known


async def step(ctx_now: Callable[[], Ctx], job: Job, records: Iterator[Record]) -> Job:
    """Import one chunk of a begun job, and end it after the last: for a worker that has several under way."""
    policy = (await tenants.policy(ctx_now())).password
    chunk = await _next(ctx_now, records, policy, ROWS_AT_ONCE)
    if chunk is not None:
        job = await writing.write(ctx_now(), chunk, _known(job))
        if is_too_bad(job):
            return await end(ctx_now(), job, "interrupted")
        if job.inputs_size is None or job.position < job.inputs_size:
            return job
    return await end(ctx_now(), job, "completed")


def is_too_bad(job: Job, *, is_over: bool = False) -> bool:
    """Whether more than a tenth of the rows are wrong: of all, or of those seen while their number is not known."""
    if job.skip_errors:
        return False
    of = job.inputs_size if job.inputs_size is not None else job.looked_at
    is_known = job.inputs_size is not None or is_over or of >= ERRORS_JUDGED_FROM
    return is_known and job.errors_count * 100 > of * ERRORS_PERCENT_MAX


async def end(ctx: Ctx, job: Job, status: str) -> Job:
    """End an import that stands where it was seen. Raises MovedError."""
    async with ctx.db.transaction():
        await jobs.hold(ctx, job)
        return await jobs.finish(ctx, job, status)


async def _next(
    ctx_now: Callable[[], Ctx], records: Iterator[Record], policy: PasswordPolicy, most: int
) -> Chunk | None:
    """The next rows, checked, so many at most; None when there are no more."""
    chunk = Chunk([], [], 0, 0, {})
    size = began = passwords = 0
    for record in records:
        began = began or record.end
        ready, complaints = check(record, policy)
        chunk.complaints += complaints
        if ready is not None:
            chunk.ready.append(ready)
            passwords += ready.password is not None
        chunk.position, chunk.line = record.end, record.line
        size += 1
        if size % writing.ROWS_AT_A_STRETCH == 0:
            await asyncio.sleep(0)
        if size >= most or record.end - began > BYTES_AT_ONCE or passwords >= PASSWORDS_AT_ONCE:
            break
    if not size:
        return None
    if passwords:
        await _hash(ctx_now(), chunk.ready, chunk.hashes)
    return chunk


async def _hash(ctx: Ctx, ready: list[Ready], hashes: dict[int, str]) -> None:
    """Hash passwords that came in clear text, before any transaction."""
    for one in ready:
        if one.password is not None:
            hashes[one.line] = await ctx.secrets.passwords.hash(one.password)
