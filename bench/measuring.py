"""Measures one program under one load: answers a second, their times, what each cost, and who else used the machine."""

import subprocess
import sys

import msgspec

from bench.installation import Installation, Servers
from bench.load import Plan, Result
from bench.machine import clocks
from patron.kernel.db import Database

_COUNTED = """
    select coalesce(sum(calls), 0)::bigint, coalesce(sum(shared_blks_hit), 0)::bigint from pg_stat_statements
    where query not like '%pg_stat_statements%'
"""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One measured window. Costs are for one request; `others` is the share of the machine that strangers used."""

    processes: int
    rps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    server_cpu_us: float
    database_cpu_us: float
    statements: float
    buffer_hits: float
    generator: float
    others: float


class BadAnswersError(Exception):
    """The program answered something else than success: the figures would mean nothing."""


async def measure(installation: Installation, servers: Servers, plan: Plan, database: Database, cores: int) -> Window:
    """Run the load generator on the servers and read the clocks at both ends of its window."""
    generator = started(plan)
    assert generator.stdout is not None
    pids, postmaster = servers.pids, installation.postmaster
    generator.stdout.readline()
    before = clocks(pids, postmaster)
    calls, hits = await _counted(database)
    line = generator.stdout.readline()
    after = clocks(pids, postmaster)
    more_calls, more_hits = await _counted(database)
    generator.wait(30)
    result = msgspec.json.decode(line, type=Result)
    bad = {status: n for status, n in result.statuses.items() if status not in (200, 201)}
    if bad or not result.requests:
        raise BadAnswersError(f"{bad or 'no answer'} among {result.requests} answers")
    n, machine = result.requests, cores * result.seconds
    server, at_database = after.server - before.server, after.database - before.database
    others = after.machine - before.machine - server - at_database - result.cpu_seconds
    return Window(
        processes=len(pids),
        rps=n / result.seconds,
        p50_ms=result.p50_ms,
        p95_ms=result.p95_ms,
        p99_ms=result.p99_ms,
        server_cpu_us=server / n * 1e6,
        database_cpu_us=at_database / n * 1e6,
        statements=(more_calls - calls) / n,
        buffer_hits=(more_hits - hits) / n,
        generator=result.cpu_seconds / machine,
        others=max(0.0, others / machine),
    )


async def _counted(database: Database) -> tuple[int, int]:
    row = await database.session().row(_COUNTED)
    assert row is not None
    return row[0], row[1]


def started(plan: Plan) -> "subprocess.Popen[bytes]":
    """A load generator at work."""
    process = subprocess.Popen([sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(msgspec.msgpack.encode(plan))
    process.stdin.close()
    return process


def alone(threads: int, seconds: float) -> float:
    """Passwords a second that argon2 verifies in so many threads, when nothing else is to do."""
    command = [sys.executable, "-m", "bench.floor.passwords", str(threads), str(seconds)]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    return float(done.stdout)


def best(windows: list[Window]) -> Window:
    """The window with the most answers a second: what neighbours disturbed falls away."""
    return max(windows, key=lambda window: window.rps)
