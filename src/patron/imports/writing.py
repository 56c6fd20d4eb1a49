"""Writes a chunk of an import: new customers with COPY, those that are there as asked, and how far it came.

Two chunks are written at once, on two connections; the later one waits before it says how far the import came. Between
them the database must have nothing to wait for, which it could not know to be a deadlock: so what both would change is
changed after that wait, and rows that take the same address or name are not written at once.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Iterable, Mapping, Sequence

import msgspec

from patron.imports import changing, jobs
from patron.imports.jobs import Job, Tally
from patron.imports.known import Known, claims_of, complaint, find, group_of, is_plain, key_of, look_up, taken_name
from patron.imports.model import Complaint, Ready, group_key
from patron.imports.rows import COLUMNS, Rows
from patron.kernel import events, ids
from patron.kernel.context import Ctx
from patron.kernel.errors import Locked, NotFound, Retry, Taken, Unavailable
from patron.tags import actions as tags

ATTEMPTS_MAX = 5
SMALL_ROWS = 5_000.0
SLOTS = 16  # of account_count
ROWS_AT_A_STRETCH = 25  # that are checked or made before the database gets its turn


class Chunk(msgspec.Struct):
    """Rows that are written together, with what is wrong with others, and where the next chunk begins.

    `hashes` has the hash of each row's password that came in clear text, by line. `claims` are the addresses and names
    that its rows take. `made` are the rows of tables for them if they all turn out to be new, made while the chunks
    before were written.
    """

    ready: list[Ready]
    complaints: list[Complaint]
    position: int
    line: int
    hashes: dict[int, str]
    claims: set[str] = set()
    made: Rows | None = None


async def prepare(ctx: Ctx, chunk: Chunk, under_way: Iterable[Chunk]) -> None:
    """Make the rows of a chunk ahead, as if all of it were new: mostly it is, and then nothing but writing is left."""
    claims = [claim for ready in chunk.ready for claim in claims_of(ready)]
    chunk.claims = set(claims)
    if (
        chunk.ready
        and len(chunk.claims) == len(claims)
        and all(is_plain(ready) for ready in chunk.ready)
        and all(chunk.claims.isdisjoint(other.claims) for other in under_way)
    ):
        chunk.made = await _rows(ctx, [(ready, None) for ready in chunk.ready], chunk.hashes, Known({}, {}, {}, {}))


async def write(ctx: Ctx, chunk: Chunk, before: Awaitable[Job]) -> Job:
    """Write a chunk in one transaction, once. Answers the import as it is now; `before` is it after the chunk before.

    Raises MovedError when the import no longer stands where it was seen. What others write at the same moment
    is met by looking again.
    """
    for attempt in range(ATTEMPTS_MAX):
        try:
            async with ctx.db.transaction():
                if attempt == 0 and chunk.made is not None and (await look_up(ctx, chunk.ready)).nobody:
                    await _copy(ctx, chunk.made)
                    job = await before
                    await jobs.hold(ctx, job)
                    await _count(ctx, chunk.made)
                    tally = Tally(created=len(chunk.ready), complaints=chunk.complaints)
                else:
                    job = await before
                    await jobs.hold(ctx, job)
                    tally = await _write(ctx, job, chunk)
                return await jobs.advance(ctx, job, tally, position=chunk.position, line=chunk.line)
        except (Taken, NotFound, Locked, Retry):
            continue
    raise Unavailable("Others change the same customers at this moment.")


async def _write(ctx: Ctx, job: Job, chunk: Chunk) -> Tally:
    tally = Tally(complaints=list(chunk.complaints))
    known = await look_up(ctx, chunk.ready)
    known.tags = await tags.ensure(ctx, {name for ready in chunk.ready for name in ready.tags or ()})
    fresh: list[tuple[Ready, str | None]] = []
    old: list[tuple[Ready, int]] = []
    later: list[Ready] = []  # rows whose customer another row of this chunk makes
    seen: set[str] = set()
    for ready in chunk.ready:
        group, fault = group_of(ready, known)
        if fault is not None:
            tally.complaints.append(fault)
            continue
        key = key_of(ready)
        account_id = find(known, ready)
        if account_id is not None:
            old.append((ready, account_id))
        elif key is not None and key in seen:
            later.append(ready)
        elif (taken := taken_name(ready, known)) is not None:
            tally.complaints.append(complaint(ready, taken, "is taken by another login"))
        else:
            fresh.append((ready, group))
            if key is not None:
                seen.add(key)
            known.names |= dict.fromkeys(ready.names, 0)
    made = await _make(ctx, fresh, chunk.hashes, known)
    tally.created = len(made)
    by_key = {key: made[ready.line] for ready, _ in fresh if (key := key_of(ready)) is not None}
    old += [(ready, by_key[key_of(ready) or ""]) for ready in later]
    for ready, account_id in old:
        await _meet(ctx, job, tally, ready, account_id, known, chunk.hashes)
    return tally


async def _meet(
    ctx: Ctx, job: Job, tally: Tally, ready: Ready, account_id: int, known: Known, hashes: Mapping[int, str]
) -> None:
    """A row whose customer is there already."""
    if job.on_existing == "skip":
        tally.skipped += 1
    elif job.on_existing == "fail":
        field = "email" if ready.email_key else "external_id"
        tally.complaints.append(complaint(ready, field, "is that of a customer who is there already"))
    else:
        group_id = known.groups.get(group_key(ready.group)) if ready.group else None
        put = None if ready.tags is None else [known.tags[name] for name in ready.tags]
        complaints = await changing.change(ctx, ready, account_id, group_id, put, hashes.get(ready.line))
        tally.complaints += complaints
        tally.updated += not any(not one.is_warning for one in complaints)


async def _make(
    ctx: Ctx, fresh: Sequence[tuple[Ready, str | None]], hashes: Mapping[int, str], known: Known
) -> dict[int, int]:
    """Write new customers. Answers the account of each line."""
    if not fresh:
        return {}
    rows = await _rows(ctx, fresh, hashes, known)
    await _copy(ctx, rows)
    await _count(ctx, rows)
    return rows.accounts


async def _rows(ctx: Ctx, fresh: Sequence[tuple[Ready, str | None]], hashes: Mapping[int, str], known: Known) -> Rows:
    """The rows of tables for new customers, with the keys of their groups."""
    contacts = sum(len(ready.contacts) for ready, _ in fresh)
    numbers = {"account": len(fresh), "contact": contacts, "address": contacts}
    drawn = {table: iter(await ids.draw(ctx.db, table, count)) for table, count in numbers.items() if count}
    groups = {key: number for key, number in known.groups.items() if number is not None}
    rows = Rows(ctx, drawn, groups, known.tags)
    for place, (ready, group) in enumerate(fresh):
        if place % ROWS_AT_A_STRETCH == 0:
            await asyncio.sleep(0)
        rows.add(ready, group, hashes.get(ready.line))
    return rows


async def _copy(ctx: Ctx, rows: Rows) -> None:
    """Write them. They are counted later, when nobody waits for us any more."""
    for table, columns in COLUMNS.items():
        if rows.tables[table]:
            await ctx.db.copy(table, columns, rows.tables[table])


async def _count(ctx: Ctx, rows: Rows) -> None:
    """Count new customers, and have rules look at them."""
    await ctx.db.execute(
        """
        update account_count set accounts = accounts + $4, anonymous = anonymous + $5
        where tenant_id = $1 and customer_set_code = $2 and slot = $3
        """,
        ctx.tenant_id,
        ctx.at_site.customer_set,
        secrets.randbelow(SLOTS),
        len(rows.accounts),
        rows.guests,
    )
    await events.touched(ctx, list(rows.accounts.values()))


async def look_at_small_tables(ctx: Ctx) -> None:
    """Let PostgreSQL look at tables that were small when it looked last, and plan anew.

    A connection plans the check of a foreign key once, and over a small table any index is as good as the primary key.
    Once the table has grown it is not; but autovacuum looks only once a minute.
    """
    tables = list(COLUMNS)
    if await ctx.db.value(
        "select bool_or(reltuples < $2) from pg_class where oid = any($1::text[]::regclass[])", tables, SMALL_ROWS
    ):
        await ctx.db.execute(f"analyze {', '.join(tables)}")
