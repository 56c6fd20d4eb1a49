"""Clients that write while something breaks, and what must be true afterwards.

What was answered is there, once and whole; what was not answered is there once and whole, or not at all.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from scale import scaled
from sites import Site, through

from patron.kernel.secrets import random_token
from shops import ACCOUNTS, PASSWORD, Shop

CLIENTS = scaled(6, 12)


@dataclass
class Write:
    """A request that changes something, and what came of it."""

    kind: str
    path: str
    body: dict[str, Any]
    key: str
    account_id: int | None = None
    answers: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether the client was told that it is done."""
        return self.answers > 0


class Load:
    """Clients that write, each request with a key of its own, and keep account of what they were told."""

    def __init__(self, site: Site, buyer: int) -> None:
        self.site = site
        self.buyer = buyer
        self.writes: list[Write] = []
        self.unclear: Counter[str] = Counter()
        self.stopping = asyncio.Event()

    async def client(self) -> None:
        """One write after the other; what is not answered is left for later."""
        async with httpx.AsyncClient(base_url=self.site.base_url, timeout=60) as http:
            shop = through(http, self.site.shop)
            while not self.stopping.is_set():
                write = self.next()
                self.writes.append(write)
                await self.try_once(shop, write)
                await asyncio.sleep(0 if write.is_answered else 0.3)

    def next(self) -> Write:
        """A guest with two contacts, an order of the one buyer, or now and then somebody who signs up."""
        name, kind = random_token(8), random.choice(["guest"] * 4 + ["order"] * 4 + ["sign-up"])
        contacts = [{"firstName": n, "lastNameOrSurname": name, "address": {"countryCode": "US"}} for n in ("A", "B")]
        account = {"emailAddress": f"{name}@example.com", "contacts": contacts}
        if kind == "guest":
            return Write(kind, ACCOUNTS, account, name)
        if kind == "sign-up":
            return Write(kind, f"{ACCOUNTS}/Add-Account-And-Login", {"account": account, "password": PASSWORD}, name)
        order = {
            "transactionId": name,
            "transactionType": "Order",
            "interactionType": "Website",
            "amount": random.randint(1, 9999) / 100,
            "currencyCode": "USD",
        }
        return Write(kind, f"{ACCOUNTS}/{self.buyer}/transactions", order, name)

    async def try_once(self, shop: Shop, write: Write) -> None:
        """Send it, and note whether it was answered; an answer is 201, "later", or none at all."""
        try:
            answer = await shop.post(write.path, write.body, headers={"Idempotency-Key": write.key})
        except httpx.TransportError as error:
            self.unclear[type(error).__name__] += 1
            return
        if answer.status_code == 201:
            body = answer.json()
            write.answers += 1
            write.account_id = body.get("id") or (body.get("customerAccount") or {}).get("id")
        else:
            assert answer.status_code in (409, 429, 503), f"{write.kind}: {answer.status_code} {answer.text}"
            self.unclear[str(answer.status_code)] += 1

    async def retry_all(self) -> None:
        """Try again what was not answered, with the same keys, until all of it is."""
        left = [write for write in self.writes if not write.is_answered]

        async def retrier() -> None:
            while left:
                write = left.pop()
                while not write.is_answered:
                    await self.try_once(self.site.shop, write)

        async with asyncio.timeout(300), asyncio.TaskGroup() as retriers:
            for _ in range(CLIENTS):
                retriers.create_task(retrier())


async def nothing_is_half_there(site: Site, writes: list[Write]) -> None:
    """Every answered write is there once and whole; one without an answer once and whole, or not at all."""
    conn = await asyncpg.connect(site.database_url)
    try:
        async with conn.transaction(isolation="repeatable_read"):
            await see_accounts(conn, site.shop.tenant_id, [w for w in writes if w.kind != "order"])
            await see_orders(conn, site.shop.tenant_id, [w for w in writes if w.kind == "order"])
    finally:
        await conn.close()


async def see_accounts(conn: asyncpg.Connection, tenant_id: int, writes: list[Write]) -> None:
    """Accounts with their contacts, logins with their names and mails, events, and the counters."""
    rows = await conn.fetch(
        """
        select a.id, a.email, a.user_name, c.contacts, e.topics, l.user_name as login_name, n.names, m.mails
        from account a
        left join login l on l.tenant_id = a.tenant_id and l.account_id = a.id,
        lateral (select count(*) as contacts from contact c
                 join address d on d.tenant_id = c.tenant_id and d.id = c.address_id and d.account_id = a.id
                 where c.tenant_id = a.tenant_id and c.account_id = a.id and c.last_name || '@example.com' = a.email) c,
        lateral (select array_agg(topic order by topic) as topics from event e
                 where e.tenant_id = a.tenant_id and e.account_id = a.id) e,
        lateral (select array_agg(name_key) as names from login_name n
                 where n.tenant_id = a.tenant_id and n.account_id = a.id) n,
        lateral (select count(*) as mails from mail m where m.tenant_id = a.tenant_id and m.account_id = a.id) m
        where a.tenant_id = $1
        """,
        tenant_id,
    )
    there = {row["email"]: row for row in rows}
    assert len(there) == len(rows)
    for write in writes:
        row = there.get(f"{write.key}@example.com")
        assert row is not None or not write.is_answered, write
        if row is None:
            continue
        assert write.account_id in (None, row["id"])
        assert row["contacts"] == 2, write
        signs_up = write.kind == "sign-up"
        assert row["names"] == ([row["email"]] if signs_up else None), write
        assert row["login_name"] == row["user_name"] == (row["email"] if signs_up else None), write
        assert row["mails"] == signs_up, write
        assert row["topics"] == ["account.created"] + ["login.created"] * signs_up, write
    counted = await conn.fetchrow(
        "select sum(accounts) as accounts, sum(anonymous) as anonymous from account_count where tenant_id = $1",
        tenant_id,
    )
    assert counted == (len(rows), sum(row["login_name"] is None for row in rows))


async def see_orders(conn: asyncpg.Connection, tenant_id: int, writes: list[Write]) -> None:
    """Orders, their events, and the sums on the buyer's account."""
    rows = await conn.fetch("select id, amount_minor from account_transaction where tenant_id = $1", tenant_id)
    there = {row["id"]: row["amount_minor"] for row in rows}
    assert len(there) == len(rows)
    for write in writes:
        found = there.get(write.key)
        assert found == round(write.body["amount"] * 100) or (found is None and not write.is_answered), write
    sums = await conn.fetch(
        "select order_count, order_total_minor from account where tenant_id = $1 and order_count > 0", tenant_id
    )
    assert sums == ([(len(there), sum(there.values()))] if there else [])
    told = await conn.fetchval(
        "select count(*) from event where tenant_id = $1 and topic = 'transaction.created'", tenant_id
    )
    assert told == len(there)
