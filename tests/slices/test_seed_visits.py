"""Visits of made-up customers: in the database just as if they had been recorded."""

from collections import defaultdict
from datetime import datetime

import httpx
import pytest_asyncio

from patron.kernel.context import Ctx
from patron.kernel.db import Database
from patron.visits.ids import read_id
from patron.visits.model import Details, Visit, checked, visitor_of
from patron.visits.queries import COLUMNS
from seeded import Seeded, everybody, prepared
from shops import VISITS

COUNT = 300


@pytest_asyncio.fixture(scope="module")
async def seeded(http: httpx.AsyncClient, database: Database) -> Seeded:
    """A tenant with the first customers of a seed."""
    made = await prepared(http, database)
    assert await made.seed(COUNT) == COUNT
    return made


async def test_visits_are_such_as_recording_would_have_written(seeded: Seeded) -> None:
    found = await visits_of(seeded.ctx)
    assert len(found) > COUNT // 2
    for visit in found:
        wrote = Details(**{name: getattr(visit, name) for name in Details.__struct_fields__})
        assert checked(wrote, site_id=visit.site_id, now=visit.at, id=visit.id) == visit
        assert read_id(visit.name) == (visit.id, visit.at)
    assert {visit.kind for visit in found} == {"Website", "Store", "Call"}
    assert {visit.device for visit in found} == {"phone", "tablet", "desktop", "unknown"}


async def test_visits_are_counted_and_their_orders_name_them(seeded: Seeded) -> None:
    found = await visits_of(seeded.ctx)
    by_account: dict[int, list[datetime]] = defaultdict(list)
    for visit in found:
        by_account[visit.account_id or 0].append(visit.at)
    for account in await everybody(seeded.ctx):
        moments = by_account.get(account.id, [])
        assert (account.visit_count, account.last_visit_at) == (len(moments), max(moments, default=None))
    rows = await seeded.ctx.db.fetch(
        "select w.id, w.first_at, w.last_at from visitor w where w.tenant_id = $1", seeded.ctx.tenant_id
    )
    seen = {visitor_of(account_id): (min(some), max(some)) for account_id, some in by_account.items()}
    assert {row["id"]: (row["first_at"], row["last_at"]) for row in rows} == seen
    page = (await seeded.shop.get(VISITS, params={"pageSize": 200})).json()
    assert page["totalCount"] == len(found)
    assert {bool(one["transactions"]) for one in page["items"]} == {True, False}
    figures = (await seeded.shop.get(f"{VISITS}/analytics", params={"from": "2026-10-01", "to": "2026-10-31"})).json()
    assert 0 < figures["total"]["conversions"] < figures["total"]["visits"]


async def visits_of(ctx: Ctx) -> list[Visit]:
    rows = await ctx.db.fetch(f"select {COLUMNS} from visit v where v.tenant_id = $1", ctx.tenant_id)
    return [Visit(*row) for row in rows]
