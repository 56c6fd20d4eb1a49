"""`make bench ARGS="--help"`."""

import asyncio
import itertools
import os
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import documents, scenarios
from bench import installation as install
from bench.data import Data, filled
from bench.floor.app import Known
from bench.floor.orders import Templates, marked
from bench.imports import imported
from bench.installation import Installation, Servers, ask
from bench.load import NUMBER, Plan, carrying
from bench.machine import described
from bench.measuring import BadAnswersError, Window, alone, best, measure
from bench.report import LATEST, Point, Results, screen, store, told, told_of_imports, told_of_segments
from bench.scenarios import ACCOUNTS, DEEP, SIGN_IN, Scenario, request
from bench.segments import follow
from bench.storm import storm
from patron.demo.progress import counting
from patron.kernel.db import Database
from patron.settings import Settings

SEGMENT_SECONDS = 20.0  # of changes, with rules to follow
SCENARIOS = (*scenarios.SCENARIOS, *documents.SCENARIOS)
_CURSOR = re.compile(rb'"(nextCursor|next_cursor)":"[^"]*"')


class Run(msgspec.Struct, kw_only=True):
    """What one run was asked for, and what it works with."""

    at: Installation
    data: Data
    database: Database | None = None
    servers: list[Servers]
    floors: list[Servers]
    seconds: float
    connections: int
    rounds: int
    rules: int
    cores: int
    cursor: bytes
    numbers: Iterator[int]
    spare: dict[str, Iterator[str]]  # by scenario: tokens, each good for one connection of one window

    def plan(self, scenario: Scenario, program: Servers) -> Plan:
        """The load for one program."""
        carried = [self.carried(scenario) for _ in range(self.connections)]
        return Plan(
            port=program.port,
            requests=scenario.requests(self.data),
            connections=self.connections,
            seconds=self.seconds,
            first_number=next(self.numbers),
            carry=scenario.carry,
            carried=carried,
            together=scenario.together,
        )

    def carried(self, scenario: Scenario) -> bytes:
        """What a connection carries at first."""
        if scenario.spare is None:
            return self.cursor
        return next(self.spare.setdefault(scenario.name, itertools.cycle(scenario.spare(self.data)))).encode()

    async def point(self, scenario: Scenario) -> Point:
        """One row of the table. Patron and floor take turns: the machine's speed changes within a minute."""
        if scenario.target == SIGN_IN:
            return await self._sign_in(scenario)
        check(self, scenario)
        windows, floors = [], []
        for _ in range(self.rounds):
            for server, floor in zip(self.servers, self.floors, strict=True):
                windows.append(await self._window(scenario, server))
                floors.append(await self._window(scenario, floor))
        window = best(floors)
        return _point(scenario, best(windows), window.rps, window.processes, window)

    async def _sign_in(self, scenario: Scenario) -> Point:
        windows, floors, threads = [], [], len(self.servers)
        for _ in range(self.rounds):
            for server in self.servers:
                windows.append(await self._window(scenario, server))
                floors.append(alone(threads, self.seconds))
        return _point(scenario, best(windows), max(floors), threads, None)

    async def _window(self, scenario: Scenario, program: Servers) -> Window:
        assert self.database is not None
        return await measure(self.at, program, self.plan(scenario, program), self.database, self.cores)


def _point(scenario: Scenario, patron: Window, floor_rps: float, processes: int, floor: Window | None) -> Point:
    return Point(
        name=scenario.name,
        **msgspec.structs.asdict(patron),
        floor_rps=floor_rps,
        floor_processes=processes,
        floor_server_cpu_us=floor.server_cpu_us if floor else None,
        floor_database_cpu_us=floor.database_cpu_us if floor else None,
        ratio=patron.rps / floor_rps,
        target=scenario.target,
    )


def check(run: Run, scenario: Scenario, samples: int = 40) -> None:
    """Patron and floor must answer alike: reads byte by byte, changes with the same fields. Raises BadAnswersError."""
    numbers = itertools.count(random.randrange(900_000))  # noqa: S311
    programs = [run.servers[0], run.floors[0]]
    carried = [run.carried(scenario) for _ in programs]
    for one in scenario.requests(run.data)[:samples]:
        answers = []
        for at, program in enumerate(programs):
            sent = carrying(one.replace(NUMBER, b"%08d" % next(numbers)), carried[at])
            status, body = ask(program.port, sent.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
            answers.append((status, _unsigned(body) if scenario.is_read else _shape(msgspec.json.decode(body))))
            if scenario.carry is not None:
                carried[at] = body.partition(scenario.carry)[2].partition(b'"')[0]
        if scenario.name == "q search" and all(b'{"totalCount":100,' in body for _, body in answers):
            continue  # of more matches than are considered (qLimit), any hundred will do
        if answers[0] != answers[1]:
            patron, floor = (str(answer) for answer in answers)
            at = next((n for n, (one, other) in enumerate(zip(patron, floor, strict=False)) if one != other), 0)
            around = slice(max(0, at - 80), at + 80)
            raise BadAnswersError(f"{scenario.name}: Patron says\n{patron[around]}\nand the floor\n{floor[around]}")


def _unsigned(body: bytes) -> bytes:
    """The answer but for the text of a cursor, which only Patron can sign; the floor's is about as long."""
    return _CURSOR.sub(rb'"\1":"signed"', body)


def _shape(value: object) -> object:
    """Which fields there are, and the kind of each."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    return [_shape(one) for one in value] if isinstance(value, list) else type(value).__name__


def main(
    *,
    customers: Annotated[int, typer.Option(min=60_000, help="How many customers there are.")] = 100_000,
    seconds: Annotated[float, typer.Option(help="Length of each measured window.")] = 4.0,
    rounds: Annotated[int, typer.Option(min=1, help="Windows for each program and number of processes.")] = 1,
    connections: Annotated[int, typer.Option(min=1, help="Requests under way at once.")] = 32,
    rules: Annotated[int, typer.Option(min=2, help="How many segments have rules.")] = 200,
    keep: Annotated[Path | None, typer.Option(help="A folder for the installation, which stays for more runs.")] = None,
    only: Annotated[
        str, typer.Option(help="Only scenarios whose name has one of these in it, with commas between.")
    ] = "",
    output: Annotated[Path, typer.Option(help="Where the results go.")] = LATEST,
) -> None:
    """Measure this machine, here and now: 26 minutes with --rounds 2 --rules 100 on two cores."""
    console = Console(highlight=False, soft_wrap=True)
    machine = described()
    with install.installed(keep) as at:
        install.environment(at.env)
        settings = Settings.from_env()
        with counting(console, customers) as done:
            data = asyncio.run(filled(settings, customers, done))
        known = at.home / "floor.json"
        with ExitStack() as stack:
            servers = [stack.enter_context(at.servers("patron.server", n)) for n in (1, 2)]
            cursor, after = _place(servers[0], data)
            tokens = {data.application_token: 0, **dict(data.shoppers)}
            tokens[data.organization.token] = 0
            facts = Known(
                data.tenant_id, data.site_id, tokens, after, data.organization.id, data.organization.base_url,
                _orders(servers[0], data),
            )  # fmt: skip
            known.write_bytes(msgspec.json.encode(facts))
            floors = [stack.enter_context(at.servers("bench.floor.server", n, BENCH_FLOOR=str(known))) for n in (1, 2)]
            run = Run(
                at=at, data=data, servers=servers, floors=floors, seconds=seconds, rounds=rounds, cursor=cursor,
                connections=connections, rules=rules, cores=len(os.sched_getaffinity(0)),
                # Somewhere else each time: an installation that was kept has the accounts of the runs before.
                numbers=itertools.count(random.randrange(1, 90) * 1_000_000, 100_000),  # noqa: S311
                spare={},
            )  # fmt: skip
            results = asyncio.run(_measured(run, console, machine, customers, only, output))
    Console(width=max(console.width, 150)).print(screen(results))
    if results.storm is not None:
        console.print(told(results.storm).replace("`", ""))
    store(results, output)
    console.print(f"Stored in {output}. Into the document: python -m bench.report")


def _place(server: Servers, data: Data) -> tuple[bytes, int]:
    """The cursor that leads to the row behind `DEEP` others, and the id of the row before it."""
    path = f"{ACCOUNTS}?pageSize=20&startIndex={DEEP - 20}&responseFields=nextCursor,items(id)"
    _, body = ask(server.port, request("GET", path, data.application_token))
    page = msgspec.json.decode(body)
    return page["nextCursor"].encode(), page["items"][-1]["id"]


def _orders(server: Servers, data: Data) -> Templates:
    """The documents of an order as Patron gives them, for the floor to give the like."""
    made, place = documents.orders(data)[:2]
    _, first = ask(server.port, made)
    shown = msgspec.json.decode(first)["data"]
    _, second = ask(server.port, carrying(place, shown["id"].encode()))
    times = [msgspec.json.decode(body)["data"]["attributes"]["updated_at"] for body in (first, second)]
    return Templates(
        *(marked(body.decode(), shown["id"], shown["attributes"]["token"], times) for body in (first, second))
    )


def _is_asked(only: str, name: str) -> bool:
    return any(word in name for word in only.split(","))


async def _measured(
    run: Run, console: Console, machine: dict[str, str], customers: int, only: str, output: Path
) -> Results:
    run.database = await Database.open(Settings.from_env().database_url, size=1)
    version = await run.database.session().value("show server_version")
    points = []
    for scenario in SCENARIOS:
        if _is_asked(only, scenario.name):
            points.append(point := await run.point(scenario))
            console.print(f"  {point.name}: {point.rps:,.0f} a second, {point.ratio:.0%} of the floor")
    stormed = storm(run.servers[1], run.data, run.seconds) if _is_asked(only, "sign-in storm") else None
    moved_in = await imported(run.rounds) if _is_asked(only, "import of a file") else []
    results = Results(
        measured_at=f"{datetime.now(UTC):%d %b %Y %H:%M} UTC",
        machine={**machine, "postgresql": version.partition(" ")[0]},
        customers=customers,
        connections=run.connections,
        seconds=run.seconds,
        rounds=run.rounds,
        points=points,
        storm=stormed,
        imported=moved_in,
    )
    if moved_in:
        console.print(told_of_imports(moved_in))
    store(results, output)  # what follows takes long: if it fails, this stays
    if _is_asked(only, "segment rules"):
        followed = await follow(
            run.at, run.servers[0], run.data, run.database, seconds=SEGMENT_SECONDS, count=run.rules
        )
        console.print(told_of_segments(followed))
        results = msgspec.structs.replace(results, segments=followed)
    await run.database.close()
    return results


if __name__ == "__main__":
    typer.run(main)
