"""How fast customers move in: `patron import` of a file, and the same rows written by nothing but COPY."""

import asyncio
import resource
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.installation import Installation, installed
from bench.machine import clocks, memory_mb
from patron.imports.rows import COLUMNS
from patron.kernel.db import Database
from patron.serve.crew import module
from patron.tenants import actions as tenants

CUSTOMERS = 60_000
COPIED_AT_ONCE = 2_000
_LOOK_SECONDS = 0.05
# The format that most shops export: bcrypt of "open-sesame-7", with the salt's and the hash's letters made up.
_HASH = "$2b$10$abcdefghijklmnopqrstuu"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, at best. Rates are customers a second: of all, of the first and last tenth, of the floor."""

    measured_at: str
    rounds: int
    customers: int
    contacts: int
    rate: float
    first_tenth: float
    last_tenth: float
    floor_rate: float
    importer_cpu_us: float
    database_cpu_us: float
    memory_peak_mb: float


def rows(count: int, contacts: int) -> Iterator[dict[str, Any]]:
    """Customers as another shop exports them: one or two contacts each, and a hash."""
    for number in range(count):
        person = {"first_name": f"Kim{number % 977}", "last_name": f"Miller{number % 7919}"}
        contact = {
            **person,
            "email": f"customer{number}@import.example",
            "phone_mobile": f"+44 7700 {900_000 + number % 100_000}",
            "line_1": f"{1 + number % 300} Station Road",
            "city": "Bristol",
            "postal_code": f"BS{number % 90} 1AA",
            "country": "GB",
        }
        yield {
            **person,
            "email": contact["email"],
            "external_id": f"old-{number}",
            "created_at": f"20{10 + number % 15}-0{1 + number % 9}-1{number % 9}T10:00:00Z",
            "password_hash": _HASH + f"{number:031d}",
            "contacts": [
                {**contact, "is_billing": True, "is_primary_billing": True},
                {**contact, "line_1": "2 Mill Lane", "is_shipping": True, "is_primary_shipping": True},
            ][:contacts],
        }


async def imported(rounds: int) -> list[Imported]:
    """The best of so many imports, with one contact each and with two.

    Each goes into an installation of its own, as a shop moves in; the floor copies its rows into another tenant there.
    """
    return [
        max([await _imported_once(rounds, contacts) for _ in range(rounds)], key=lambda one: one.rate)
        for contacts in (1, 2)
    ]


async def _imported_once(rounds: int, contacts: int) -> Imported:
    with installed() as at:
        database = await Database.open(at.running.url, size=2)
        try:
            return await _imported(at, database, rounds, contacts)
        finally:
            await database.close()


async def _imported(at: Installation, database: Database, rounds: int, contacts: int) -> Imported:
    ours, floors = [await _tenant(database) for _ in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.jsonl"
        with file.open("wb") as lines:
            for row in rows(CUSTOMERS, contacts):
                lines.write(msgspec.json.encode(row) + b"\n")
        before = clocks([], at.postmaster)
        process = module("patron.cli", "import", str(file), "--tenant", str(ours), env=at.env)
        times, used, memory = await _watched(process, database, ours)
        assert process.returncode == 0, "the import failed"
    database_used = clocks([], at.postmaster).database - before.database
    count, tenth = CUSTOMERS, CUSTOMERS // 10
    return Imported(
        measured_at=f"{datetime.now(UTC):%d %b %Y %H:%M} UTC",
        rounds=rounds,
        customers=count,
        contacts=contacts,
        rate=count / (times[count] - times[0]),
        first_tenth=tenth / (_when(times, tenth) - times[0]),
        last_tenth=tenth / (times[count] - _when(times, count - tenth)),
        floor_rate=count / await _copied(at.running.url, ours, floors),
        importer_cpu_us=used / count * 1e6,
        database_cpu_us=database_used / count * 1e6,
        memory_peak_mb=memory,
    )


async def _tenant(database: Database) -> int:
    db, name, now = database.session(), f"bench-{secrets.token_hex(6)}", datetime.now(UTC)
    async with db.transaction():
        tenant_id = await tenants.create_tenant(db, name=name, slug=name, mode="test", now=now)
        await tenants.create_site(db, tenant_id, name=name, domain=f"https://{name}.example", now=now)
    return tenant_id


async def _watched(
    process: "subprocess.Popen[bytes]", database: Database, tenant_id: int
) -> tuple[dict[int, float], float, float]:
    """When how many customers were there, and processor seconds and memory of the importer."""
    times: dict[int, float] = {}
    memory, before, is_over = 0.0, _ended(), False
    while not is_over:
        is_over = process.poll() is not None  # one last look behind it
        done = await database.session().value(
            "select processed_count from import_job where tenant_id = $1 and started_at is not null", tenant_id
        )
        if done is not None:
            times.setdefault(done, time.perf_counter())
        if not is_over:
            memory = max(memory, memory_mb(process.pid, "VmHWM"))
        await asyncio.sleep(_LOOK_SECONDS)
    return times, _ended() - before, memory


def _ended() -> float:
    """Processor seconds of our children that have ended: cheaper to ask than those of one that runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _when(times: dict[int, float], count: int) -> float:
    """When so many were there, between two looks."""
    earlier = max(done for done in times if done <= count)
    later = min(done for done in times if done >= count)
    share = (count - earlier) / (later - earlier) if later > earlier else 0
    return times[earlier] + share * (times[later] - times[earlier])


async def _copied(url: str, source: int, target: int) -> float:
    """Seconds that it takes to write a tenant's rows into another, read beforehand and in chunks like an import's."""
    conn, seconds = await asyncpg.connect(url, server_settings={"timezone": "UTC", "jit": "off"}), 0.0
    try:
        await conn.set_type_codec(
            "jsonb", schema="pg_catalog", format="binary", encoder=lambda data: data, decoder=lambda data: data
        )
        numbers = [
            row[0] for row in await conn.fetch("select id from account where tenant_id = $1 order by id", source)
        ]
        for first in range(0, len(numbers), COPIED_AT_ONCE):
            tables = await _read(conn, source, target, numbers[first : first + COPIED_AT_ONCE])
            began = time.perf_counter()
            async with conn.transaction():
                for table, records in tables.items():
                    await conn.copy_records_to_table(table, columns=COLUMNS[table], records=records)
            seconds += time.perf_counter() - began
    finally:
        await conn.close()
    return seconds


async def _read(conn: Any, source: int, target: int, accounts: list[int]) -> dict[str, list[tuple[Any, ...]]]:
    made: dict[str, list[tuple[Any, ...]]] = {}
    for table, columns in COLUMNS.items():
        key = {"account": "id", "tagging": "owner_id"}.get(table, "account_id")
        names = ", ".join(columns[1:])
        found = await conn.fetch(
            f"select {names} from {table} where tenant_id = $1 and {key} = any($2)", source, accounts
        )
        if found:
            made[table] = [(target, *row) for row in found]
    return made
