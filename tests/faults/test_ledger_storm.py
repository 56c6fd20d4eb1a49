"""64 clients at once on a ledger whose connections are cut all the time: nothing is lost, doubled, or below zero.

Every call has a key and is repeated until it is answered; then the ledger must hold what was answered, and only that.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
from scale import LONG, percentile, scaled
from sites import Serve, Site, through

from patron.kernel.clock import clock
from patron.kernel.secrets import random_token
from shops import CREDITS, Shop

CLIENTS = 64
CALLS = scaled(200, 10_000)
CUSTOMERS = scaled(6, 20)
REPLAYED = scaled(30, 300)
CUT_SECONDS = (0.05, scaled(0.3, 0.25))
PAYMENTS = f"{CREDITS}/payments"
TRY_AGAIN = "try again"  # what a call is told that met a twin of its own, still at work

# What is drawn, and how often. The first customer is in every third call: the hot one.
KINDS = ("debit", "credit", "pay", "hold", "capture", "void", "refund")
WEIGHTS = (20, 6, 20, 20, 16, 6, 12)


@dataclass
class Call:
    """One change with its key, and what came of it in the end."""

    kind: str
    path: str
    body: dict[str, Any]
    key: str
    answer: dict[str, Any] | None = None
    status: int = 0
    tries: int = 0

    @property
    def minor(self) -> int:
        """The amount that was asked for, in cents."""
        return round(100 * float(self.body.get("amount") or self.body["impactAmount"]))


@dataclass
class Storm:
    """The clients, what they asked, and what they were told."""

    site: Site
    shop: Shop
    customers: list[int] = field(default_factory=list)
    codes: list[list[str]] = field(default_factory=list)
    issued_minor: int = 0
    payments: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    cuts: int = 0

    async def prepare(self) -> None:
        """Customers with three credits each: one for long, one that ends in the middle of it, one that is small."""
        soon = clock() + timedelta(seconds=scaled(6, 60))
        for _ in range(CUSTOMERS):
            customer = (await self.shop.account())["id"]
            self.customers.append(customer)
            codes = []
            for amount, ends in ((3_000, None), (200, soon.isoformat()), (25, None)):
                body = {"initialBalance": amount, "customerId": customer, "expirationDate": ends}
                answer = await self.shop.post(CREDITS, body)
                assert answer.status_code == 201, answer.text
                codes.append(answer.json()["code"])
                self.issued_minor += amount * 100
            self.codes.append(codes)

    def draw(self) -> Call:
        """The next call: on the hot customer, on any other, or on one of the newest payments."""
        (kind,) = random.choices(KINDS, WEIGHTS)
        place = 0 if random.random() < 0.33 else random.randrange(CUSTOMERS)
        amount, key = random.randint(1, 4_000) / 100, random_token(8)
        if kind in ("capture", "void", "refund") and self.payments:
            path = f"{PAYMENTS}/{random.choice(self.payments[-400:])}/{kind}"
            return Call(kind, path, {} if kind == "void" else {"amount": amount, "key": key}, key)
        if kind in ("debit", "credit"):
            path = f"{CREDITS}/{random.choice(self.codes[place])}/transactions"
            return Call(kind, path, {"transactionType": kind, "impactAmount": amount, "key": key}, key)
        body = {"customerId": self.customers[place], "amount": amount, "key": key, "isHold": kind != "pay"}
        if body["isHold"] and random.random() < 0.2:  # one that ends while the others are at work
            body["expirationDate"] = (clock() + timedelta(seconds=random.uniform(1, 5))).isoformat()
        return Call("hold" if body["isHold"] else "pay", PAYMENTS, body, key)

    async def client(self) -> None:
        """One call after the other, each until it is answered."""
        while len(self.calls) < CALLS:
            call = self.draw()
            self.calls.append(call)
            began = time.monotonic()
            await self.carry_out(call)
            self.seconds.append(time.monotonic() - began)
            if call.status == 201 and call.kind in ("pay", "hold"):
                assert call.answer
                self.payments.append(call.answer["id"])

    async def carry_out(self, call: Call) -> None:
        """Send it again and again, with its key, until the answer is one that stays."""
        while True:
            call.tries += 1
            try:
                answer = await self.shop.post(call.path, call.body, headers={"Idempotency-Key": call.key})
            except httpx.TransportError as error:
                self.troubles[type(error).__name__] += 1
                continue
            if answer.status_code == 503 or (answer.status_code == 409 and TRY_AGAIN in answer.text):
                self.troubles[str(answer.status_code)] += 1
                await asyncio.sleep(0.05)
                continue
            # A hold that is drawn late may have ended before it was tried for the last time: 400 for its date.
            assert answer.status_code in (200, 201, 400, 409), f"{call}: {answer.status_code} {answer.text}"
            assert answer.status_code != 400 or "expirationDate" in answer.text, answer.text
            call.status, call.answer = answer.status_code, answer.json()
            return

    async def cut(self) -> None:
        """End sessions of the test's own database, one after the other."""
        conn = await asyncpg.connect(self.site.database_url)
        try:
            while True:
                await asyncio.sleep(random.uniform(*CUT_SECONDS))
                self.cuts += await conn.fetchval(
                    """
                    select count(*) filter (where pg_terminate_backend(s.pid)) from (
                        select pid from pg_stat_activity where datname = current_database()
                        and application_name = 'patron' and pid <> pg_backend_pid() order by random() limit 2) s
                    """
                )
        finally:
            await conn.close()


async def test_nothing_is_lost_doubled_or_below_zero(serve: Serve, report: Callable[[str], None]) -> None:
    site = await serve(PATRON_WORKERS="2")
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=site.base_url, timeout=60, limits=limits) as http:
        storm = Storm(site, through(http, site.shop))
        await storm.prepare()
        began = time.monotonic()
        cutting = asyncio.create_task(storm.cut())
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(storm.client())
        took = time.monotonic() - began
        cutting.cancel()
        await asyncio.wait([cutting])
        assert storm.cuts
        await the_ledger_holds_what_was_answered(storm)
        said = await asyncio.to_thread(verified, site)
        await replaying_changes_nothing(storm)
    await the_ledger_holds_what_was_answered(storm)
    done = Counter(call.kind for call in storm.calls if call.status in (200, 201))
    assert all(done[kind] for kind in (KINDS if LONG else ("debit", "pay", "hold"))), done
    report(
        f"{len(storm.calls):,} calls of {CLIENTS} clients on {3 * CUSTOMERS} credits in {took:,.0f} s, "
        f"{storm.cuts:,} connections cut: {sum(done.values()):,} done {dict(done)}, the others refused; "
        f"{sum(storm.troubles.values()):,} answers were lost or put off ({dict(storm.troubles)}); "
        f"p50 {percentile(storm.seconds, 0.5) * 1000:,.0f} ms, p99 {percentile(storm.seconds, 0.99) * 1000:,.0f} ms "
        f"with all repetitions; patron verify: {said}"
    )


def verified(site: Site) -> str:
    """What `patron verify` says, which must be that all adds up."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "patron.cli", "verify"],
        env={**os.environ, "DATABASE_URL": site.database_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


async def the_ledger_holds_what_was_answered(storm: Storm) -> None:
    """Each answered call is there once, with its amount; none that was refused is; and there is nothing beside."""
    conn = await asyncpg.connect(storm.site.database_url)
    tenant_id = storm.shop.tenant_id
    try:
        entries = {
            (row["kind"], row["key"]): row["minor"]
            for row in await conn.fetch(
                """
                select kind, key, sum(amount_minor)::bigint as minor, count(distinct at) as times from credit_entry
                where tenant_id = $1 and key is not null group by kind, key
                """,
                tenant_id,
            )
        }
        payments = {
            (row["kind"], row["key"]): row["minor"]
            for row in await conn.fetch(
                """
                select case when expires_at is null then 'pay' else 'hold' end as kind, key, amount_minor as minor
                from credit_payment where tenant_id = $1
                """,
                tenant_id,
            )
        }
        books = await conn.fetchrow(
            """
            select sum(issued_minor) as issued, sum(available_minor + held_minor + expired_minor) as there,
                   sum(redeemed_minor) as redeemed, min(least(available_minor, held_minor, redeemed_minor)) as least
            from credit where tenant_id = $1
            """,
            tenant_id,
        )
    finally:
        await conn.close()
    done = [call for call in storm.calls if call.status in (200, 201) and call.kind != "void"]
    assert entries | payments == {(call.kind, call.key): call.minor for call in done}
    total = {kind: sum(call.minor for call in done if call.kind == kind) for kind in KINDS}
    issued = storm.issued_minor + total["credit"]
    redeemed = total["debit"] + total["pay"] + total["capture"] - total["refund"]
    assert books
    assert (books["issued"], books["redeemed"], books["there"]) == (issued, redeemed, issued - redeemed)
    assert books["least"] >= 0


async def replaying_changes_nothing(storm: Storm) -> None:
    """Any call that was made can be made again with its key, and is answered as it was."""
    made = [call for call in storm.calls if call.status in (200, 201)]
    for call in random.sample(made, min(REPLAYED, len(made))):
        again = Call(call.kind, call.path, call.body, call.key)
        await storm.carry_out(again)
        assert (again.status, again.answer) == (call.status, call.answer), call
