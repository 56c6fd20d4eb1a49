"""The months of visits on a database of their own: made ahead and when needed, dropped, and rows of who keeps less."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from installations import KEY, Installation
from patron import worker
from patron.app import create_app
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.settings import Settings
from patron.tenants import policies
from patron.visits import months, retention
from shoppers import until
from shops import VISITS, Shop, fault, open_shop, visit_of
from stage import Clock

DAY = timedelta(days=1)


def month(year: int, number: int) -> datetime:
    return datetime(year, number, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def own(installation: Installation) -> AsyncIterator[Database]:
    """A database of its own, whose months nobody else makes or drops."""
    database = await Database.open(installation.url, size=8)
    yield database
    await database.close()


@pytest.fixture
def now() -> Clock:
    """The app's clock."""
    return Clock()


@pytest_asyncio.fixture
async def http(installation: Installation, now: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app over that database."""
    app = create_app(Settings(database_url=installation.url, secret_key=KEY), now)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


async def there(database: Database) -> list[datetime]:
    return sorted(one.month for one in await months.partitions(database.session()))


async def keep(shop: Shop, count: int) -> None:
    """Set for how many months the shop keeps visits."""
    db = shop.database.session()
    async with db.transaction():
        await policies.change(db, Revocations(shop.database, lambda _: None), shop.tenant_id, {"visit_months": count})


async def left(shop: Shop) -> tuple[int, int, int, int]:
    """What is left of a shop's visits: rows, keys, visitors, and the total that lists show."""
    rows = [
        await shop.database.session().value(f"select count(*) from {table} t where t.tenant_id = $1", shop.tenant_id)
        for table in ("visit", "visit_key", "visitor")
    ]
    listed = await shop.get(VISITS, params={"pageSize": 0})
    return (*rows, listed.json()["totalCount"])  # type: ignore[return-value]


def test_months_begin_and_end_in_utc() -> None:
    late = datetime.fromisoformat("2026-12-31T23:30:00-05:00")

    assert months.month_of(late) == month(2027, 1)
    assert months.months_after(month(2026, 11), 2) == month(2027, 1)
    assert months.months_after(month(2026, 1), -25) == month(2023, 12)
    assert months.oldest_kept(late, 12) == month(2026, 1)


async def test_months_are_made_ahead_once(own: Database) -> None:
    assert await there(own) == []

    made = await months.make_ahead(own.session(), month(2026, 11) + 3 * DAY)

    assert made == [month(2026, 11), month(2026, 12), month(2027, 1), month(2027, 2)] == await there(own)
    assert await months.make_ahead(own.session(), month(2026, 12)) == [month(2027, 3)]


async def test_a_month_is_made_by_many_at_once(own: Database) -> None:
    made = await asyncio.gather(*(months.make(own.session(), [month(2020, 2), month(2020, 1)]) for _ in range(6)))

    assert sorted(map(len, made)) == [0, 0, 0, 0, 0, 2]
    assert await there(own) == [month(2020, 1), month(2020, 2)]


async def test_a_month_is_a_partition_with_all_its_indexes_and_constraints(own: Database) -> None:
    await months.make(own.session(), [month(2026, 2)])

    rows = await own.session().fetch(
        """
        select c.relname, (select count(*) from pg_index x where x.indrelid = c.oid) as indexes,
               (select array_agg(k.conname::text order by k.conname) from pg_constraint k
                where k.conrelid = c.oid and k.contype = 'c') as checks,
               (select count(*) from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid
                where x.indrelid = c.oid) as attached
        from pg_class c where c.relname in ('visit', 'visit_2026_02') order by 1
        """
    )
    whole, part = rows
    assert (part["indexes"], part["checks"]) == (whole["indexes"], whole["checks"])
    assert part["attached"] == part["indexes"] == 4


async def test_the_first_visit_of_a_month_makes_it_whenever_that_is(
    http: httpx.AsyncClient, own: Database, now: Clock
) -> None:
    shop = await open_shop(http, own)
    for days in (0, 40, 400):
        now.offset = timedelta(days=days)
        shop.token = await shop.sign_in()
        at = now() - 60 * DAY
        made = [await visit_of(shop), await visit_of(shop, date=at.isoformat())]
        assert {months.month_of(now()), months.month_of(at)} <= set(await there(own))
        for one in made:
            assert (await shop.get(f"{VISITS}/{one['id']}")).status_code == 200


async def test_a_date_that_the_shop_does_not_keep_is_refused_and_makes_no_month(
    http: httpx.AsyncClient, own: Database, now: Clock
) -> None:
    shop = await open_shop(http, own)
    await keep(shop, 3)
    oldest = months.oldest_kept(now(), 3)

    for at in (oldest - timedelta(milliseconds=1), month(2001, 1), now() + 2 * DAY):
        assert fault(await shop.post(VISITS, {"date": at.isoformat()}))[::2] == (400, "date")
        assert fault(await shop.post(f"{VISITS}/batch", [{}, {"date": at.isoformat()}]))[::2] == (400, "[1].date")
    await visit_of(shop, date=oldest.isoformat())

    assert set(await there(own)) <= {oldest, months.month_of(now())}


async def test_what_is_kept_no_longer_goes_and_nothing_else(
    http: httpx.AsyncClient, own: Database, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    short, long = await open_shop(http, own), await open_shop(http, own)
    dates = [now() - 31 * DAY * count for count in (0, 2, 4, 9, 9, 9)]
    for shop in (short, long):
        for place, at in enumerate(dates):
            await visit_of(shop, date=at.isoformat(), id=f"v-{place}", userId=f"u-{place}")
    assert await left(short) == await left(long) == (6, 6, 6, 6)
    before = await there(own)
    await keep(short, 3)

    assert await retention.prune(own.session(), now()) == retention.Pruned([], 4)

    assert (await left(short), await left(long)) == ((2, 2, 2, 2), (6, 6, 6, 6))
    assert await there(own) == before
    assert fault(await short.get(f"{VISITS}/v-4"))[0] == 404
    assert (await short.get(f"{VISITS}/v-1")).status_code == 200
    assert await retention.prune(own.session(), now()) == retention.Pruned([], 0)

    await keep(long, 5)
    end = months.oldest_kept(now(), 5)
    assert await retention.prune(own.session(), now()) == retention.Pruned([one for one in before if one < end], 0)
    assert await left(long) == (3, 3, 3, 3)
    assert await there(own) == [one for one in before if one >= end]


async def test_a_month_in_use_is_dropped_another_time(http: httpx.AsyncClient, own: Database, now: Clock) -> None:
    shop = await open_shop(http, own)
    await visit_of(shop, date=(now() - 300 * DAY).isoformat())
    await keep(shop, 1)
    reader = own.session()

    async with reader.transaction():
        await reader.value("select count(*) from visit v where v.tenant_id = $1", shop.tenant_id)
        first = await retention.prune(own.session(), now())
        await visit_of(shop)  # who waits for a lock would make this one wait too
    second = await retention.prune(own.session(), now())

    assert (first.months, second.months) == ([], [months.month_of(now() - 300 * DAY)])
    assert await left(shop) == (1, 0, 1, 1)


async def test_the_worker_sees_to_the_months(
    installation: Installation, own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.05)
    work = asyncio.create_task(worker.run(Settings(database_url=installation.url, secret_key=KEY)))

    async def are_there() -> bool:
        return len(await there(own)) > months.AHEAD

    try:
        await until(are_there)
    finally:
        work.cancel()
        await asyncio.wait([work])


def test_the_commands_show_and_end_months(installation: Installation) -> None:
    assert "no months yet" in installation.patron("visits", "partitions")
    assert "Months dropped: none" in installation.patron("visits", "prune")
    said: Any = installation.patron("visits", "partitions")
    assert len(said.strip().splitlines()) == months.AHEAD + 2
    assert f"{datetime.now(UTC):%Y-%m}" in said
