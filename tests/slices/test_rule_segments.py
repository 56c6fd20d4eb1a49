"""Segments with rules follow the data: when the rule is saved, when an account changes, when time goes by."""

import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from patron.kernel import events
from patron.kernel.clock import clock as real_clock
from patron.kernel.context import Ctx
from patron.kernel.query import Ago, Compare, Not
from patron.segments import job, rule_actions
from patron.segments.evaluation import follow_changes, follow_time, hold
from patron.segments.filling import _keep, fill_some
from patron.segments.rules import Rule
from patron.settings import Settings
from rules import Stage
from shops import ACCOUNTS, Shop
from statements import Counting, Watch


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


async def test_time_going_by_moves_accounts(shop: Shop, stage: Stage) -> None:
    account_id = (await shop.account())["id"]
    new = await stage.segment("new", Compare("created_at", "ge", Ago(30)))
    old = await stage.segment("old", Not(Compare("created_at", "gt", Ago(720, "hours"))))
    never = await stage.segment("never", Compare("last_order_at", "ge", Ago(30)))
    await stage.work()
    assert [await stage.members(one) for one in (new, old, never)] == [{account_id}, set(), set()]

    start = real_clock()
    for days, expected in ((29, [{account_id}, set()]), (30.1, [set(), {account_id}]), (90, [set(), {account_id}])):
        await stage.work(start + timedelta(days=days))
        assert [await stage.members(one) for one in (new, old)] == expected, days


async def test_only_accounts_that_come_over_a_date_are_looked_at(shop: Shop, stage: Stage) -> None:
    db = stage.database.session()
    ids = [(await shop.account())["id"] for _ in range(6)]
    start = real_clock()
    for n, account_id in enumerate(ids):
        await db.execute(
            "update account set created_at = $3 where tenant_id = $1 and id = $2",
            shop.tenant_id,
            account_id,
            start - timedelta(days=n * 10),
        )
    new = await stage.segment("new", Compare("created_at", "ge", Ago(25)))
    await stage.work()
    assert await stage.members(new) == set(ids[:3])

    ctx = at(await stage.ctx(), start + timedelta(days=6))
    assert await follow_time(ctx, seconds=60) == 1
    assert await follow_time(ctx, seconds=60) == 0
    await stage.work(start + timedelta(days=6))
    assert await stage.members(new) == set(ids[:2])


def at(ctx: Ctx, now: datetime) -> Ctx:
    """The same context at another time."""
    return replace(ctx, now=now)


async def test_every_move_is_an_event_and_changes_the_account(shop: Shop, stage: Stage) -> None:
    jo = (await shop.account(firstName="Jo"))["id"]
    one = f"{ACCOUNTS}/{jo}"
    before = (await shop.get(one)).headers["etag"]
    segment_id = await stage.segment("jos", Compare("first_name", "eq", "jo"))
    await stage.work()
    assert (await shop.get(one)).headers["etag"] != before
    await shop.put(one, {"firstName": "Kim"})
    await stage.work()
    await stage.work()

    rows = await stage.database.session().fetch(
        "select topic, subject, actor_kind from event"
        " where tenant_id = $1 and topic in ('segment.joined', 'segment.left') order by id",
        shop.tenant_id,
    )
    subject = f"segment/{segment_id}"
    assert [tuple(row) for row in rows] == [("segment.joined", subject, "system"), ("segment.left", subject, "system")]


async def test_what_changes_nothing_a_rule_asks_leaves_no_mark_and_others_pay_nothing(
    shop: Shop, other_shop: Shop, stage: Stage
) -> None:
    await stage.segment("all", Compare("id", "gt", 0))
    account_id, foreign = (await shop.account())["id"], (await other_shop.account())["id"]
    assert await marks(stage) == [account_id]
    await stage.work()

    await shop.post(f"{ACCOUNTS}/{account_id}/notes", {"content": "Likes tea"})
    await other_shop.put(f"{ACCOUNTS}/{foreign}", {"firstName": "Jo"})

    assert await marks(stage) == []
    assert (
        await stage.database.session().value(
            "select count(*) from account_change where tenant_id = $1", other_shop.tenant_id
        )
        == 0
    )


async def marks(stage: Stage) -> list[int]:
    """The accounts that wait to be evaluated."""
    rows = await stage.database.session().fetch(
        "select account_id from account_change where tenant_id = $1 order by id", stage.shop.tenant_id
    )
    return [row["account_id"] for row in rows]


async def test_without_rules_nothing_is_marked_any_more(shop: Shop, stage: Stage) -> None:
    segment_id = await stage.segment("all", Compare("id", "gt", 0))
    await shop.account()
    assert len(await marks(stage)) == 1
    ctx = await stage.ctx()
    async with ctx.db.transaction():
        await rule_actions.remove(ctx, segment_id)

    assert await marks(stage) == []
    await shop.account()
    assert await marks(stage) == []


async def test_stored_sums_that_change_without_an_event_are_told(shop: Shop, stage: Stage) -> None:
    rich = await stage.segment("rich", Compare("order_count", "ge", 3))
    account_id = (await shop.account())["id"]
    await stage.work()
    ctx = await stage.ctx()
    async with ctx.db.transaction():
        await ctx.db.execute(
            "update account set order_count = 3 where tenant_id = $1 and id = $2", shop.tenant_id, account_id
        )
        await events.touched(ctx, [account_id])

    await stage.work()
    assert await stage.members(rich) == {account_id}


async def test_a_batch_takes_few_statements_however_many_rules_and_accounts(
    shop: Shop, stage: Stage, statements: Watch
) -> None:
    counts = []
    for rules, accounts in ((1, 1), (20, 10)):
        for n in range(rules):
            await stage.segment(f"s{rules}-{n}", Compare("order_count", "ge", n))
        await stage.work()
        for _ in range(accounts):
            await shop.account()
        ctx = await stage.ctx()
        with Counting(statements) as counting:
            assert await follow_changes(ctx) == accounts
        counts.append(len(counting.heard))

    # begin, hold, changes, rules, the one that tests and writes, versions, events, marks, clock, commit
    assert counts == [10, 10]


async def test_a_change_that_was_not_committed_when_the_first_rule_was_saved_is_not_missed(
    shop: Shop, stage: Stage
) -> None:
    account_id = (await shop.account())["id"]
    slow = await stage.ctx()
    async with slow.db.transaction():
        await slow.db.execute(
            "update account set external_id = 'Jo' where tenant_id = $1 and id = $2", shop.tenant_id, account_id
        )
        await events.record(slow, "account.updated", account_id=account_id)
        segment_id = await stage.segment("jos", Compare("external_id", "eq", "jo"))
        await stage.work()
        assert (await stage.rule(segment_id))["last_id"] is None
        assert await marks(stage) == []

    await stage.work()
    assert await stage.members(segment_id) == {account_id}


async def test_a_fill_goes_on_where_it_stood(shop: Shop, stage: Stage) -> None:
    ids = [(await shop.account())["id"] for _ in range(7)]
    segment_id = await stage.segment("all", Compare("id", "gt", 0))
    for done in (3, 6, 7):
        await fill_some(await stage.ctx(), size=3)
        rule = await stage.rule(segment_id)
        assert (rule["done"], rule["state"]) == (done, "ready" if done == 7 else "filling")
        assert await stage.members(segment_id) == set(ids[:done])


async def test_rules_at_the_same_place_are_filled_together(shop: Shop, stage: Stage) -> None:
    for _ in range(3):
        await shop.account()
    segments = [await stage.segment(f"s{n}", Compare("id", "gt", n)) for n in range(5)]

    await fill_some(await stage.ctx())

    assert {(await stage.rule(one))["state"] for one in segments} == {"ready"}


async def test_a_rule_that_fails_rests_and_the_others_go_on(shop: Shop, stage: Stage) -> None:
    db = stage.database.session()
    bad = await stage.segment("bad", Compare("first_name", "eq", "jo"))
    good = await stage.segment("good", Compare("first_name", "eq", "jo"))
    await stage.work()
    await db.execute(
        "update segment_rule set tree = $3 where tenant_id = $1 and segment_id = $2",
        shop.tenant_id,
        bad,
        {"field": "attributes.gone", "op": "eq", "value": 1},
    )
    account_id = (await shop.account(firstName="Jo"))["id"]

    await stage.work()

    assert await stage.members(good) == {account_id}
    rule = await stage.rule(bad)
    assert (rule["state"], rule["error"]) == (
        "failed",
        "The rule asks about attributes.gone, which is not there any more.",
    )
    await db.execute(
        "update segment_rule set tree = $3 where tenant_id = $1 and segment_id = $2",
        shop.tenant_id,
        bad,
        {"field": "first_name", "op": "eq", "value": "jo"},
    )
    await stage.work()
    assert await stage.members(bad) == set()
    await stage.work(real_clock() + timedelta(minutes=6))
    assert await stage.members(bad) == {account_id}
    assert (await stage.rule(bad))["error"] is None


async def test_saving_and_evaluating_do_not_wait_for_each_other(shop: Shop, stage: Stage) -> None:
    segment_id = await stage.segment("all", Compare("id", "gt", 0))
    account_id = (await shop.account())["id"]
    saving, working = await stage.ctx(), await stage.ctx()
    async with saving.db.transaction():
        await rule_actions.save(saving, segment_id, Compare("id", "lt", 0))
        assert await follow_changes(await stage.ctx()) == 1
    async with working.db.transaction():
        assert await hold(working)
        assert await follow_changes(await stage.ctx()) == 0
        assert await fill_some(await stage.ctx()) == 0
        again = await stage.ctx()
        async with again.db.transaction():
            await rule_actions.save(again, segment_id, Compare("id", "eq", account_id))

    await stage.work()
    assert await stage.members(segment_id) == {account_id}


async def test_a_slice_by_an_older_rule_does_not_move_the_place_of_the_new_one(shop: Shop, stage: Stage) -> None:
    ids = [(await shop.account())["id"] for _ in range(4)]
    segment_id = await stage.segment("some", Compare("id", "gt", 0))
    await fill_some(await stage.ctx(), size=2)
    old = await stage.rule(segment_id)
    ctx = await stage.ctx()
    async with ctx.db.transaction():
        await rule_actions.save(ctx, segment_id, Compare("id", "eq", ids[0]))
    rule = Rule(segment_id, "some", Compare("id", "gt", 0))
    await _keep(await stage.ctx(), [rule], old, {"upto": ids[3], "size": 2})

    assert ((await stage.rule(segment_id))["next_id"], (await stage.rule(segment_id))["state"]) == (0, "filling")
    await stage.work()
    assert await stage.members(segment_id) == {ids[0]}


async def test_two_rules_that_need_each_other_are_not_saved_at_the_same_moment(shop: Shop, stage: Stage) -> None:
    one, other = await stage.segment("one"), await stage.segment("other")
    path = "/api/commerce/customer/segments"

    answers = await asyncio.gather(
        shop.put(f"{path}/{one}/rule", {"filter": f"segments.id eq {other}"}),
        shop.put(f"{path}/{other}/rule", {"filter": f"segments.id eq {one}"}),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 400]


async def test_trouble_at_one_tenant_keeps_no_other_from_its_turn(
    shop: Shop, other_shop: Shop, settings: Settings, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Stage(other_shop, settings)
    segments = [await one.segment("all", Compare("id", "gt", 0)) for one in (stage, other)]
    await stage.work()
    ids = [(await one.account())["id"] for one in (shop, other_shop)]

    async def follow(ctx: Ctx) -> int:
        if ctx.tenant_id == shop.tenant_id:
            raise RuntimeError("trouble")
        return await follow_changes(ctx)

    with monkeypatch.context() as patch:
        patch.setattr(job, "follow_changes", follow)
        await stage.work()
    assert [await one.members(of) for one, of in zip((stage, other), segments, strict=True)] == [set(), {ids[1]}]
    await stage.work()
    assert await stage.members(segments[0]) == {ids[0]}
