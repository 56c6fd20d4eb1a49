"""Segments whose rules ask about visits follow them: recorded alone, in a batch, or moved to another account."""

import pytest

from patron.kernel.query import Ago, Compare
from patron.settings import Settings
from rules import Stage
from shops import VISITS, Shop, visit_of


@pytest.fixture
def stage(shop: Shop, settings: Settings) -> Stage:
    return Stage(shop, settings)


async def test_rules_follow_visits_however_they_come(shop: Shop, stage: Stage) -> None:
    one, two, three = [(await shop.account())["id"] for _ in range(3)]
    often = await stage.segment("often", Compare("visit_count", "ge", 2))
    in_store = await stage.segment("store", Compare("visits.kind", "eq", "store"))
    lately = await stage.segment("lately", Compare("last_visit_at", "ge", Ago(30)))
    await stage.work()

    async def members() -> list[set[int]]:
        await stage.work()
        return [await stage.members(segment) for segment in (often, in_store, lately)]

    assert await members() == [set(), set(), set()]
    made = await visit_of(shop, accountId=one, type="Store")
    assert await members() == [set(), {one}, {one}]

    batch = [{"accountId": two, "type": "Website"}, {"accountId": two, "type": "Call"}, {"accountId": one}]
    assert (await shop.post(f"{VISITS}/batch", batch)).status_code == 201
    assert await members() == [{one, two}, {one}, {one, two}]

    assert (await shop.put(f"{VISITS}/{made['id']}", {**made, "accountId": three})).status_code == 200
    assert await members() == [{two}, {three}, {one, two, three}]

    assert (await shop.put(f"{VISITS}/{made['id']}", {**made, "accountId": None})).status_code == 200
    assert await members() == [{two}, set(), {one, two}]
