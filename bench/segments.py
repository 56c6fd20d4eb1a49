"""Segments with rules: how soon a change is seen in them, and how long it takes to fill a new one."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from bench.data import Data
from bench.installation import Installation, Servers, ask
from bench.scenarios import ACCOUNTS, contact, request
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.serve.crew import module

SEGMENTS = "/api/commerce/customer/segments"
CHANGES_PER_SECOND = 50
LOOKS_PER_SECOND = 50
LABEL = "bench-probe"
FILL_SECONDS_MAX = 1_200
SIGHT_SECONDS_MAX = 60


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Times are from sending the change to seeing the account in the segment, in milliseconds."""

    rules: int
    changes_per_second: float
    changes: int
    visible_p50_ms: float
    visible_p99_ms: float
    visible_largest_ms: float
    first_fill_seconds: float
    fill_all_seconds: float


def rules(count: int) -> Iterator[str]:
    """Rules as shops write them, no two alike."""
    shapes = (
        "commerceSummary.totalOrderAmount ge {n} and commerceSummary.lastOrderDate ge {n} days ago",
        "commerceSummary.orderCount ge {m} and acceptsMarketing eq true",
        "createDate ge {n} days ago",
        "contacts.address.countryCode eq DE and commerceSummary.totalOrderAmount lt {n}",
        "contacts.address.cityOrTown sw A and lastName sw M and id gt {n}",
        "attributes.tenant~loyalty-tier eq gold and commerceSummary.orderCount lt {m}",
        "attributes.tenant~interests in [hiking,running] or commerceSummary.wishlistCount gt {m}",
        "emailAddress cont example and commerceSummary.lastOrderDate lt {n} days ago",
        "isAnonymous eq true and createDate lt {n} days ago",
        "creditBalance gt {n} or commerceSummary.visitsCount gt {n}",
    )
    for number in range(count):
        yield shapes[number % len(shapes)].format(n=number + 1, m=number % 12 + 1)


@contextmanager
def working(at: Installation) -> Iterator["subprocess.Popen[Any]"]:
    """A worker, as `patron serve` starts it."""
    process = module("patron.worker", env=at.env)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)


async def follow(
    at: Installation, servers: Servers, data: Data, database: Database, *, seconds: float, count: int
) -> Followed:
    """Fill one new segment, then up to `count`, then change customers and see when the segments show it."""
    run = _Run(servers, data, database)
    with working(at):
        await run.filled(await run.of_the_demo())
        first = run.save("first", "commerceSummary.totalOrderAmount ge 400 and createDate ge 365 days ago")
        first_fill = await run.filled([first])
        probe = run.save("probe", f"contacts.label eq {LABEL}")
        all_ = [run.save(f"rule-{n}", text) for n, text in enumerate(rules(count - 2))]
        fill_all = await run.filled([probe, *all_])
        await run.caught_up()
        times = await run.watch(probe, round(seconds * CHANGES_PER_SECOND))
    times.sort()
    return Followed(
        rules=count,
        changes_per_second=CHANGES_PER_SECOND,
        changes=len(times),
        visible_p50_ms=times[len(times) // 2] * 1e3,
        visible_p99_ms=times[int(len(times) * 0.99)] * 1e3,
        visible_largest_ms=times[-1] * 1e3,
        first_fill_seconds=first_fill,
        fill_all_seconds=fill_all,
    )


class _Run:
    def __init__(self, servers: Servers, data: Data, database: Database) -> None:
        self._port, self._data, self._database = servers.port, data, database
        self._mark = random_token(4)  # an installation that is kept has the segments of earlier runs

    def _call(self, method: str, path: str, body: object = None) -> Any:
        sent = request(method, path, self._data.application_token, body)
        status, answer = ask(self._port, sent.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
        assert status in (200, 201), answer
        return msgspec.json.decode(answer)

    def save(self, code: str, text: str) -> int:
        """A new segment with a rule."""
        return int(
            self._call("POST", SEGMENTS, {"code": f"{code}-{self._mark}", "name": code, "rule": {"filter": text}})["id"]
        )

    async def of_the_demo(self) -> list[int]:
        """The segments with rules that the demo shop has: they are filled before the clock starts."""
        rows = await self._database.session().fetch(
            "select segment_id from segment_rule where tenant_id = $1", self._data.tenant_id
        )
        return [row["segment_id"] for row in rows]

    async def filled(self, segment_ids: list[int]) -> float:
        """Wait until these segments are filled; answers the seconds that it took."""
        begun = time.perf_counter()
        while True:
            rows = await self._database.session().fetch(
                "select state from segment_rule where tenant_id = $1 and segment_id = any($2)",
                self._data.tenant_id,
                segment_ids,
            )
            states = {row["state"] for row in rows}
            seconds = time.perf_counter() - begun
            if states == {"ready"}:
                return seconds
            assert "failed" not in states
            assert seconds < FILL_SECONDS_MAX, "the segments are not filled"
            await asyncio.sleep(0.05)

    async def caught_up(self) -> None:
        """Wait until the worker has seen all changes so far: those of the scenarios before were many."""
        async with asyncio.timeout(FILL_SECONDS_MAX):
            while await self._database.session().value(  # noqa: ASYNC110 - of another process
                "select exists (select from account_change where tenant_id = $1)", self._data.tenant_id
            ):
                await asyncio.sleep(0.2)

    async def watch(self, probe: int, count: int) -> list[float]:
        """Change so many customers, evenly spread over time; answers after how many seconds each was seen."""
        ids = list(dict.fromkeys(one.id for one in self._data.customers))[:count]
        sent: dict[int, float] = {}
        seen: dict[int, float] = {}

        async def change(number: int, account_id: int) -> None:
            await asyncio.sleep(number / CHANGES_PER_SECOND)
            body = {**contact(1), "email": "probe@example.com", "label": LABEL, "types": []}
            sent[account_id] = time.perf_counter()
            await asyncio.to_thread(self._call, "POST", f"{ACCOUNTS}/{account_id}/contacts", body)

        async def look() -> None:
            while len(seen) < len(ids):
                waiting = [account_id for account_id in sent if account_id not in seen]
                rows = await self._database.session().fetch(
                    """
                    select account_id from segment_member
                    where tenant_id = $1 and segment_id = $2 and account_id = any($3)
                    """,
                    self._data.tenant_id,
                    probe,
                    waiting,
                )
                now = time.perf_counter()
                seen.update({row["account_id"]: now for row in rows})
                await asyncio.sleep(1 / LOOKS_PER_SECOND)

        async with asyncio.timeout(count / CHANGES_PER_SECOND + SIGHT_SECONDS_MAX):
            await asyncio.gather(look(), *(change(n, account_id) for n, account_id in enumerate(ids)))
        return [seen[account_id] - sent[account_id] for account_id in ids]
