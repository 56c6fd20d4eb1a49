"""A dry run: reads a whole file and tells what an import of it would find, without writing a customer."""

from collections.abc import Callable, Iterator

import msgspec

from patron.imports.checking import check
from patron.imports.known import complaint, find, group_of, key_of, look_up, taken_name
from patron.imports.model import Complaint, Ready, Record
from patron.kernel.context import Ctx
from patron.kernel.secrets import random_token
from patron.tenants import queries as tenants

ROWS_AT_ONCE = 2_000
COMPLAINTS_KEPT_MAX = 20_000
TWICE_AT_ONCE = 5_000


class Findings(msgspec.Struct):
    """What a dry run found. `there` are rows whose customer is there already, `twice` repeat an earlier row."""

    rows: int = 0
    contacts: int = 0
    logins: int = 0
    there: int = 0
    bad: int = 0
    unknown_hashes: int = 0
    twice: int = 0
    complaints: list[Complaint] = []

    def keep(self, complaints: list[Complaint]) -> None:
        """Remember complaints, as far as there is room."""
        self.complaints += complaints[: COMPLAINTS_KEPT_MAX - len(self.complaints)]


async def rehearse(ctx: Ctx, records: Iterator[Record], told: Callable[[int], None] = lambda _: None) -> Findings:
    """Look at every row. `told` hears how far it came in the source. Raises Invalid for one that cannot be read."""
    findings, name = Findings(complaints=[]), random_token()
    policy = (await tenants.policy(ctx)).password
    ready: list[Ready] = []
    try:
        for record in records:
            findings.rows += 1
            one, complaints = check(record, policy)
            findings.bad += one is None
            findings.keep(complaints)
            if one is not None:
                ready.append(one)
            if len(ready) >= ROWS_AT_ONCE:
                await _look(ctx, findings, name, ready)
                ready = []
                told(record.end)
        if ready:
            await _look(ctx, findings, name, ready)
        await _find_twice(ctx, findings, name)
    finally:
        await ctx.db.execute("delete from import_key where tenant_id = $1 and rehearsal = $2", ctx.tenant_id, name)
    return findings


async def _look(ctx: Ctx, findings: Findings, name: str, ready: list[Ready]) -> None:
    known = await look_up(ctx, ready)
    keys: list[tuple[object, ...]] = []
    for one in ready:
        account_id = find(known, one)
        findings.there += account_id is not None
        findings.contacts += len(one.contacts)
        findings.logins += one.has_login
        findings.unknown_hashes += one.is_unknown_hash
        fault = group_of(one, known)[1]
        if fault is None and account_id is None and (field := taken_name(one, known)) is not None:
            fault = complaint(one, field, "is taken by another login")
        if fault is not None:
            findings.bad += 1
            findings.keep([fault])
        if account_id is not None:
            there = "is that of a customer who is there already"
            told = complaint(one, "email" if one.email_key else "external_id", there)
            findings.keep([msgspec.structs.replace(told, is_warning=True)])
        marks = {f"n {key}" for key in one.names if key != one.email_key}
        marks |= {key} if (key := key_of(one)) is not None else set()
        keys += [(ctx.tenant_id, name, one.line, mark, ctx.now) for mark in marks]
    async with ctx.db.transaction():
        await ctx.db.copy("import_key", ("tenant_id", "rehearsal", "line", "key", "at"), keys)


async def _find_twice(ctx: Ctx, findings: Findings, name: str) -> None:
    """Rows that repeat the key of an earlier row, in the order of the file."""
    last = 0
    while True:
        rows = await ctx.db.fetch(
            """
            select k.line, min(substr(k.key, 3)) as key, min(e.line) as first_line
            from import_key k join import_key e
                 on e.tenant_id = $1 and e.rehearsal = $2 and e.key = k.key and e.line < k.line
            where k.tenant_id = $1 and k.rehearsal = $2 and k.line > $3
            group by k.line order by k.line limit $4
            """,
            ctx.tenant_id,
            name,
            last,
            TWICE_AT_ONCE,
        )
        for row in rows:
            findings.twice += 1
            said = f"repeats line {row['first_line']}"
            findings.keep([Complaint(row["line"], row["key"], "email" if "@" in row["key"] else "", said, True)])
        if len(rows) < TWICE_AT_ONCE:
            return
        last = rows[-1]["line"]
