"""Segments with rules follow the data: when the rule is saved, when an account changes, when time goes by."""

import pytest

from patron.kernel.query import Compare
from patron.settings import Settings
from rules import Stage
from shops import ACCOUNTS, Shop


@pytest.fixture
def stage(shop: Shop, settings: Settings) -> Stage:
    return Stage(shop, settings)


async def test_a_saved_rule_fills_its_segment(shop: Shop, stage: Stage) -> None:
    jo, kim = [(await shop.account(firstName=name))["id"] for name in ("Jo", "Kim")]

    segment_id = await stage.segment("jos", Compare("first_name", "eq", "JO"))
    assert await stage.members(segment_id) == set()
    await stage.work()

    assert await stage.members(segment_id) == {jo}
    assert (await stage.rule(segment_id))["state"] == "ready"
    changed = await shop.put(f"{ACCOUNTS}/{kim}", {"firstName": "jo"})
    assert changed.status_code == 200
    await stage.work()
    assert await stage.members(segment_id) == {jo, kim}
    await shop.put(f"{ACCOUNTS}/{jo}", {"firstName": "Jon"})
    await stage.work()
    assert await stage.members(segment_id) == {kim}
