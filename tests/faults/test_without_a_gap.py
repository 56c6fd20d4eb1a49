"""What an operator does under load goes unnoticed: keys are rotated, and the service is stopped."""

import asyncio
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import httpx
from scale import scaled
from sites import Cluster, Serve, Site, through

from installations import CLEAN, KEY
from patron.kernel.secrets import random_token
from shoppers import claims_of, until
from shops import ACCOUNTS

NO_KEEP_ALIVE = httpx.Limits(max_keepalive_connections=0)  # each request comes to any of the processes
ROTATIONS = scaled(1, 12)
ROTATION_SECONDS = scaled(1.0, 5.0)  # after the new key signs
CLIENTS = scaled(8, 32)
STOPS = scaled(2, 20)
LEAVING = 8  # few enough for a slow machine to answer within the ten seconds that a stop leaves them


async def rotate(site: Site) -> None:
    """As the operator does it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "patron.cli", "keys", "rotate", "--lead", "0"),
        env=CLEAN | {"DATABASE_URL": site.database_url, "PATRON_SECRET_KEY": KEY},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


async def test_rotating_keys_under_load_rejects_no_token(serve: Serve, report: Callable[[str], None]) -> None:
    site = await serve(PATRON_WORKERS="2", PATRON_SECRET_KEY=KEY)
    tokens = [site.shop.token]
    answers: Counter[int] = Counter()
    stopping = asyncio.Event()

    async def client(number: int) -> None:
        async with httpx.AsyncClient(base_url=site.base_url, timeout=60, limits=NO_KEEP_ALIVE) as http:
            shop = through(http, site.shop)
            while not stopping.is_set():
                if number == 0:
                    tokens.append(await shop.sign_in())
                    await http.get("/.well-known/jwks.json")  # reads the keys anew in the process that answers
                for token in (tokens[0], tokens[-1]):
                    shop.token = token
                    answers[(await shop.get(ACCOUNTS, params={"pageSize": 1})).status_code] += 1

    async def has_signed(keys: int) -> bool:
        return len({key_of(token) for token in tokens}) == keys

    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(client(number))
        for number in range(ROTATIONS):
            await rotate(site)
            await until(partial(has_signed, number + 2))
            await asyncio.sleep(ROTATION_SECONDS)
        stopping.set()
    assert set(answers) == {200}
    keys = {key_of(token) for token in tokens}
    assert len(keys) == 1 + ROTATIONS
    report(f"{ROTATIONS} key rotations: {len(tokens)} tokens of {len(keys)} keys, {answers.total()} requests, all good")


def key_of(token: str) -> str:
    """The id of the key that signed a token."""
    return str(claims_of(f".{token.partition('.')[0]}.")["kid"])


class Leaving:
    """Clients that create accounts until nobody answers: what was answered, and when what was not had been sent."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.answered: dict[str, int] = {}
        self.cut: list[float] = []

    async def has_answered(self, number: int) -> bool:
        """Whether so many requests were answered."""
        return len(self.answered) >= number

    async def client(self, *, keeps_connection: bool) -> None:
        """One after the other, on one connection or on a new one each time."""
        limits = httpx.Limits() if keeps_connection else NO_KEEP_ALIVE
        async with httpx.AsyncClient(base_url=self.site.base_url, timeout=60, limits=limits) as http:
            shop = through(http, self.site.shop)
            while True:
                email = f"{random_token(6)}@example.com"
                sent: list[float] = []

                async def note(step: str, _info: object, sent: list[float] = sent) -> None:
                    if step == "http11.send_request_body.complete":
                        sent.append(time.monotonic())

                try:
                    answer = await shop.post(ACCOUNTS, {"emailAddress": email}, extensions={"trace": note})
                except httpx.ConnectError:
                    return  # nobody listens any more: nothing was accepted
                except httpx.TransportError:
                    self.cut += sent
                else:
                    assert answer.status_code == 201, answer.text
                    self.answered[email] = answer.json()["id"]


async def test_a_stop_answers_what_was_accepted(cluster: Cluster, serve: Serve, report: Callable[[str], None]) -> None:
    answered = after = 0
    longest = 0.0
    for number in range(STOPS):
        own = {} if number == 0 else {"DATABASE_URL": cluster.url}  # without one the database is stopped, too
        site = await serve(PATRON_WORKERS="2", PATRON_SECRET_KEY=KEY, **own)
        leaving = Leaving(site)
        async with asyncio.TaskGroup() as clients:
            for client in range(LEAVING):
                clients.create_task(leaving.client(keeps_connection=client % 2 == 0))
            await until(partial(leaving.has_answered, 2 * LEAVING))
            await asyncio.sleep(random.uniform(0, 0.2))
            stopped_at = time.monotonic()
            site.served.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(site.served.process.wait, 60) == 0
        longest = max(longest, time.monotonic() - stopped_at)
        # A connection that came when the last process had stopped listening was accepted by nobody.
        assert [sent for sent in leaving.cut if sent < stopped_at] == []
        answered, after = answered + len(leaving.answered), after + len(leaving.cut)
    said = f"{answered} requests answered, none cut, {after} came too late"
    report(f"{STOPS} stops under load: {said}; the longest took {longest:.1f} s")
