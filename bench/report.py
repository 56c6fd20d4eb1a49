"""The results: as JSON, as a table on the screen, and as the tables of docs/performance.md.

`python -m bench.report` writes the tables of the stored results into the document.
"""

import re
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.imports import Imported
from bench.segments import Followed
from bench.storm import Storm

RESULTS = Path(__file__).parent / "results"
LATEST = RESULTS / "latest.json"
MILLION = RESULTS / "million.json"
DOCUMENT = Path(__file__).parents[1] / "docs/performance.md"
HEADS = (
    *("scenario", "req/s", "p50 ms", "p95 ms", "p99 ms", "server µs", "database µs", "statements", "buffer hits"),
    *("floor req/s", "ratio", "target", "others"),
)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario: Patron's best window, and its floor's."""

    name: str
    rps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    server_cpu_us: float
    database_cpu_us: float
    statements: float
    buffer_hits: float
    processes: int
    others: float
    generator: float
    floor_rps: float
    floor_processes: int
    floor_server_cpu_us: float | None
    floor_database_cpu_us: float | None
    ratio: float
    target: float


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    measured_at: str
    machine: dict[str, str]
    customers: int
    connections: int
    seconds: float
    rounds: int
    points: list[Point]
    storm: Storm | None = None
    segments: Followed | None = None
    imported: list[Imported] = []


def cells(point: Point) -> list[str]:
    """A row of the table."""
    mark = " (not judged)" if point.ratio > 1 else "" if point.ratio >= point.target else " (missed)"
    return [
        point.name,
        f"{point.rps:,.0f}",
        f"{point.p50_ms:.1f}",
        f"{point.p95_ms:.1f}",
        f"{point.p99_ms:.1f}",
        f"{point.server_cpu_us:,.0f}",
        f"{point.database_cpu_us:,.0f}",
        f"{point.statements:.1f}",
        f"{point.buffer_hits:,.0f}",
        f"{point.floor_rps:,.0f}",
        f"{point.ratio:.0%}",
        f"{point.target:.0%}{mark}",
        f"{point.others:.0%}",
    ]


def screen(results: Results) -> Table:
    """The table for a terminal."""
    table = Table(title=f"{results.customers:,} customers, {results.connections} connections", title_justify="left")
    for place, head in enumerate(HEADS):
        table.add_column(head, justify="right" if place else "left")
    for point in results.points:
        table.add_row(*cells(point), style="" if point.ratio >= point.target else "yellow")
    return table


def told(storm: Storm) -> str:
    """The storm in a sentence."""
    return (
        f"While {storm.sign_ins} sign-ins are under way all the time, {storm.processes} server processes do "
        f"{storm.sign_ins_per_second:.0f} of them a second ({storm.turned_away} were told to come back) and answer "
        f"`/healthz` within {storm.health_p99_ms:.0f} ms (p99; p50 {storm.health_p50_ms:.0f} ms, slowest "
        f"{storm.health_largest_ms:.0f} ms). A process takes {storm.memory_peak_mb:.0f} MB at its peak, "
        f"{storm.memory_before_mb:.0f} MB before."
    )


def told_of_segments(followed: Followed) -> str:
    """Segments with rules, in a sentence."""
    return (
        f"With {followed.rules} segments that have rules and {followed.changes_per_second:.0f} changed customers a "
        f"second, a change is seen in its segment after {followed.visible_p50_ms:.0f} ms (p50), "
        f"{followed.visible_p99_ms:.0f} ms (p99), {followed.visible_largest_ms:.0f} ms at most, counted from sending "
        f"it. Filling one new segment takes {followed.first_fill_seconds:.1f} s, filling {followed.rules - 1} saved at "
        f"once {followed.fill_all_seconds:.0f} s."
    )


def told_of_imports(found: list[Imported]) -> str:
    """Imports, in sentences."""
    return "\n".join(
        f"`patron import` takes {one.customers:,} customers with {one.contacts} contact{'s' * (one.contacts > 1)} and "
        f"a hash each at {one.rate:,.0f} a second ({one.first_tenth:,.0f} in the first tenth of the file, "
        f"{one.last_tenth:,.0f} in the last), {one.rate / one.floor_rate:.0%} of the {one.floor_rate:,.0f} at which "
        f"nothing but COPY over one connection writes the same rows. A customer costs {one.importer_cpu_us:.0f} µs of "
        f"the importer and {one.database_cpu_us:.0f} µs of PostgreSQL; the importer takes {one.memory_peak_mb:.0f} MB "
        f"at its peak. The best of {one.rounds}, {one.measured_at}."
        for one in found
    )


def measured_on(results: Results) -> str:
    """Where, when, and beside whom."""
    machine, others = results.machine, [point.others for point in results.points]
    return (
        f"Measured {results.measured_at} at revision `{machine['revision']}` on {machine['cores']} cores of "
        f"{machine['processor']}, {machine['memory']} memory, {machine['system']}, Python {machine['python']}, "
        f"PostgreSQL {machine['postgresql']}; {results.customers:,} customers, {results.connections} connections, "
        f"best of {results.rounds} × one and two server processes, {results.seconds:g} s each. Server, database and "
        f"load generator share the cores; the generator took {max(p.generator for p in results.points):.0%} of them at "
        f"most. Other programs took {min(others):.0%} to {max(others):.0%} of the machine during the windows shown."
    )


def markdown(results: Results) -> str:
    """The tables for the document."""
    lines = [measured_on(results), "", f"| {' | '.join(HEADS)} |", f"|---|{'---:|' * (len(HEADS) - 1)}"]
    lines += [f"| {' | '.join(cells(point))} |" for point in results.points]
    if results.storm is not None:
        lines += ["", told(results.storm)]
    if results.imported:
        lines += ["", told_of_imports(results.imported)]
    if results.segments is not None:
        lines += ["", told_of_segments(results.segments)]
    return "\n".join(lines)


def load(file: Path = LATEST) -> Results:
    """Stored results."""
    return msgspec.json.decode(file.read_bytes(), type=Results)


def store(results: Results, file: Path) -> None:
    """Write results, readable for people and for `git diff`."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def put(text: str, name: str, table: str) -> str:
    """The document with the part between the marks of `name` replaced."""
    begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + table + end, text, flags=re.DOTALL)


if __name__ == "__main__":
    document = DOCUMENT.read_text()
    for name, file in (("results", LATEST), ("million", MILLION)):
        if file.exists():
            document = put(document, name, markdown(load(file)))
    DOCUMENT.write_text(document)
    Console().print(f"{DOCUMENT} shows the results of {LATEST} and {MILLION}")
