"""Strangers guess, probe and storm: the owner gets in, nothing is learned, and the service stays up."""

import asyncio
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from scale import LONG, percentile, scaled
from sites import Serve, Site, through

from shoppers import sign_in
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop
from statements import Counting, Watch

GUESSES = scaled(300, 10_000)
ADDRESSES = scaled(15, 500)
GUESSERS = scaled(15, 50)
OWNER_SECONDS_MAX = scaled(60.0, 5.0)  # what counts is how long they wait where nothing else runs
STORM = 200
MEMORY_MAX = 64_000_000  # above the process at rest; docs/operations.md promises it
SAMPLES = scaled(4, 2_000)


async def checks(site: Site) -> int:
    """How many passwords were compared with a hash so far, in all processes."""
    text = (await site.shop.http.get("/metrics")).text
    found = re.search(r"^patron_password_checks_total (\S+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


class Probe:
    """Asks again and again how the service is, in a process of its own."""

    def __init__(self, site: Site) -> None:
        self._url = f"{site.base_url}/healthz"
        self.seconds: list[float] = []

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(Path(__file__).with_name("probe.py")), self._url, "0.01"),
            stdout=asyncio.subprocess.PIPE,
        )
        await asyncio.sleep(1)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        said, _nothing = await self._process.communicate()
        assert self._process.returncode == 0
        self.seconds = json.loads(said)

    def __str__(self) -> str:
        p50, p99 = (percentile(self.seconds, share) * 1000 for share in (0.5, 0.99))
        return f"/healthz p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(self.seconds)} requests"


async def test_guessing_keeps_nobody_out_and_hardly_reaches_the_hash(
    serve: Serve, report: Callable[[str], None]
) -> None:
    site = await serve(PATRON_WORKERS="2")
    ticket = await site.shop.shopper()
    email = ticket["customerAccount"]["emailAddress"]
    owner = {"name": email, "password": PASSWORD, "fingerprint": "the owner's own telephone"}
    assert (await sign_in(site.shop, **owner)).status_code == 201
    before = await checks(site)
    todo = iter(range(GUESSES))
    seen: Counter[int] = Counter()
    waited: list[float] = []

    async def guesser(clients: list[httpx.AsyncClient]) -> None:
        for number in todo:
            http = clients[number % ADDRESSES]
            address = {"X-Forwarded-For": f"198.51.{number % ADDRESSES // 250}.{number % ADDRESSES % 250 + 1}"}
            body = {"username": email, "password": f"Guess-{number}", "fingerprint": f"device {number % 97}"}
            seen[(await through(http, site.shop).post(TICKETS, body, headers=address)).status_code] += 1

    async with AsyncExitStack() as stack, Probe(site) as probe:
        clients = [await stack.enter_async_context(client_from(site, number)) for number in range(ADDRESSES)]
        guessing = asyncio.gather(*(guesser(clients) for _ in range(GUESSERS)))
        while not guessing.done():
            await asyncio.sleep(scaled(0.3, 5))
            began = time.monotonic()
            async with asyncio.timeout(OWNER_SECONDS_MAX):
                assert (await sign_in(site.shop, **owner)).status_code == 201
            waited.append(time.monotonic() - began)
        await guessing
    reached = await checks(site) - before - len(waited)
    assert seen.total() == GUESSES
    assert set(seen) <= {401, 429}
    assert 0 < reached < 100
    report(
        f"{GUESSES} guesses from {ADDRESSES} addresses: {reached} reached the hash, {seen[429]} were told to wait; the "
        f"owner signed in {len(waited)} times, the longest took {max(waited):.2f} s; {probe}"
    )


def client_from(site: Site, number: int) -> httpx.AsyncClient:
    """A client with an address of its own: all of 127/8 is this machine."""
    local = f"127.0.{number // 250 + 1}.{number % 250 + 1}"
    transport = httpx.AsyncHTTPTransport(local_address=local, verify=False)
    return httpx.AsyncClient(transport=transport, base_url=site.base_url, timeout=60)


def seen_of(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """All that a caller sees, but for what differs in any two answers."""
    body = answer.json() if answer.content else {}
    body.pop("correlationId", None)
    return answer.status_code, body, {k: v for k, v in answer.headers.items() if k not in ("x-vol-correlation", "date")}


@pytest.mark.parametrize("fingerprint", [None, "a telephone"])
async def test_signing_in_tells_nobody_who_is_a_customer(
    shop: Shop, statements: Watch, fingerprint: str | None
) -> None:
    known = (await shop.shopper())["customerAccount"]["emailAddress"]
    answers, kinds = [], []
    for name in (known, "nobody@example.com"):
        for _ in range(7):  # the delay begins with the fifth
            with Counting(statements) as counting:
                answers.append(seen_of(await sign_in(shop, name, "Wrong-horse-7", fingerprint=fingerprint)))
            kinds.append([" ".join(sql.split()[:4]) for sql in counting.heard])
    assert answers == answers[:1] * 14
    assert kinds[:7] == kinds[7:]
    assert len(kinds[0]) > len(kinds[6]) > 0


async def test_asking_for_a_reset_tells_nobody_who_is_a_customer(shop: Shop) -> None:
    known = (await shop.shopper())["customerAccount"]["emailAddress"]
    answers, waited = [], []
    for name in (known, "nobody@example.com"):
        for _ in range(12):  # no mail is written from the eleventh on
            began = time.monotonic()
            answers.append(seen_of(await shop.post(f"{ACCOUNTS}/Reset-Password", {"emailAddress": name})))
            waited.append(time.monotonic() - began)
    assert answers == answers[:1] * 24
    assert min(waited) >= 0.1  # all are kept as long as the slowest takes


async def test_known_and_unknown_names_take_the_same_time(serve: Serve, report: Callable[[str], None]) -> None:
    site = await serve(PATRON_WORKERS="1")
    known = [(await site.shop.shopper())["customerAccount"]["emailAddress"] for _ in range(SAMPLES // 4)]
    names = {"known": known, "unknown": [name.replace("@", ".nobody@") for name in known]}

    async def reset(name: str) -> httpx.Response:
        return await site.shop.post(f"{ACCOUNTS}/Reset-Password", {"emailAddress": name})

    async def wrong(name: str) -> httpx.Response:
        return await sign_in(site.shop, name, "Wrong-horse-7")

    for what, ask, at_once in (("sign-in", wrong, 1), ("Reset-Password", reset, 4)):
        took = await timed(names, ask, at_once)
        medians = {kind: statistics.median(values) * 1000 for kind, values in took.items()}
        apart = abs(medians["known"] - medians["unknown"])
        report(
            f"{what}: {len(took['known'])} samples each, medians {medians['known']:.2f} ms for known, "
            f"{medians['unknown']:.2f} ms for unknown names, {apart:.2f} ms apart"
        )
        assert len(took["known"]) == len(took["unknown"]) == SAMPLES
        assert apart < 5 or not LONG


async def timed(
    names: dict[str, list[str]], ask: Callable[[str], Awaitable[httpx.Response]], at_once: int
) -> dict[str, list[float]]:
    """How long each answer took: every name four times, known and unknown in turn, so many at once.

    What else the machine does disturbs both alike, and each kind follows on the other equally often.
    """
    took: dict[str, list[float]] = {kind: [] for kind in names}
    turns = [turn for _ in range(2) for turn in (("known", "unknown"), ("unknown", "known"))]
    todo = iter([(kind, names[kind][n]) for turn in turns for n in range(len(names["known"])) for kind in turn])

    async def asker() -> None:
        for kind, name in todo:
            began = time.monotonic()
            await ask(name)
            took[kind].append(time.monotonic() - began)

    await asyncio.gather(*(asker() for _ in range(at_once)))
    return took


async def test_a_storm_of_sign_ins_is_bounded(serve: Serve, report: Callable[[str], None]) -> None:
    site = await serve(PATRON_WORKERS="1")
    email = (await site.shop.shopper())["customerAccount"]["emailAddress"]
    server = site.served.pid_of("patron.server")
    at_rest = memory(server, "VmRSS")
    limits = httpx.Limits(max_connections=STORM)
    async with httpx.AsyncClient(base_url=site.base_url, timeout=120, limits=limits) as http, Probe(site) as probe:
        storm = through(http, site.shop)
        answers: list[httpx.Response] = []
        for _ in range(scaled(1, 10)):
            answers += await asyncio.gather(*(sign_in(storm, email) for _ in range(STORM)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {201, 429}
    assert statuses[429] > 0
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429)
    grown = memory(server, "VmHWM") - at_rest
    assert grown < MEMORY_MAX
    assert (await sign_in(site.shop, email)).status_code == 201
    report(f"{STORM} sign-ins at once: {dict(statuses)}, at most {grown / 1e6:.0f} MB more memory; {probe}")


def memory(pid: int, what: str) -> int:
    """Bytes of memory of a process, now (VmRSS) or at most (VmHWM)."""
    found = re.search(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found
    return int(found[1]) * 1024
