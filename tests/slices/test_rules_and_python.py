"""Rules against plain Python: a segment holds whom reading the rows one by one would find, and says why."""

from datetime import datetime
from decimal import Decimal

import httpx
import msgspec
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from filter_world import TIMES, World, comparisons, holds, made_world
from patron.kernel.db import Database
from patron.kernel.errors import Invalid
from patron.kernel.query import Ago, Compare, Every, Filter, Not, Some
from patron.segments import actions, rule_actions, rule_queries
from patron.segments.evaluation import Scope, between, settle, these
from patron.segments.fields import FIELDS
from patron.segments.model import Details
from patron.segments.rule_queries import Verdict
from patron.segments.rules import SEGMENT, Rule, checked, crossing, from_json, to_json
from patron.settings import Settings

SEGMENTS = 4
NOW = TIMES[-1]
EVERYBODY = between(0, 2**62)


class Segments:
    """The accounts, some segments, and who is in them by now."""

    world: World
    ids: list[int]

    async def members(self) -> dict[int, set[int]]:
        rows = await self.world.ctx.db.fetch(
            "select segment_id, account_id from segment_member where tenant_id = $1", self.world.ctx.tenant_id
        )
        found: dict[int, set[int]] = {segment_id: set() for segment_id in self.ids}
        for row in rows:
            found[row["segment_id"]].add(row["account_id"])
        return found


@pytest_asyncio.fixture(scope="module")
async def segments(http: httpx.AsyncClient, database: Database, settings: Settings) -> Segments:
    """Sixty accounts, and segments without rules."""
    made = Segments()
    made.world = await made_world(http, database, settings)
    made.world.ctx = replace(made.world.ctx, now=NOW)
    ctx = made.world.ctx
    made.ids = [(await actions.create(ctx, Details(code=f"s{n}", name=f"S{n}"))).id for n in range(SEGMENTS)]
    return made


def is_taken(one: Compare) -> bool:
    """Whether a rule may hold this comparison: filters of lists are more lenient with numbers."""
    try:
        checked(one, FIELDS)
    except Invalid:
        return False
    return True


MOVING = st.builds(
    Compare,
    st.sampled_from(["created_at", "last_order_at", "contacts.created_at"]),
    st.sampled_from(["gt", "ge", "lt", "le"]),
    st.builds(Ago, st.integers(-1, 4)) | st.builds(Ago, st.integers(0, 80), st.just("hours")),
)
# A segment of an earlier place in the list of rules, by that place.
OTHERS = st.builds(Compare, st.just(SEGMENT), st.just("eq"), st.integers(0, SEGMENTS - 1))


def trees(leaves: st.SearchStrategy[Compare]) -> st.SearchStrategy[Filter]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: Every(tuple(parts))),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: Some(tuple(parts))),
            inner.map(Not),
        ),
        max_leaves=5,
    )


LEAVES = comparisons().filter(is_taken) | MOVING
RULES = st.lists(trees(LEAVES | OTHERS), min_size=1, max_size=SEGMENTS)


def placed(node: Filter, place: int, ids: list[int]) -> Filter:
    """The rule of a place: segments of earlier places by their ids; others never hold."""
    match node:
        case Every(parts) | Some(parts):
            return type(node)(tuple(placed(part, place, ids) for part in parts))
        case Not(part):
            return Not(placed(part, place, ids))
        case Compare(field, op, value) if field == SEGMENT:
            return Compare(SEGMENT, op, ids[int(str(value))] if int(str(value)) < place else 0)
    return node


def plain(node: Filter, row: int, members: dict[int, set[int]], now: datetime) -> Filter:
    """The rule as plain Python knows it: moments at rest, and membership as a comparison that holds or not."""
    match node:
        case Every(parts) | Some(parts):
            return type(node)(tuple(plain(part, row, members, now) for part in parts))
        case Not(part):
            return Not(plain(part, row, members, now))
        case Compare(field, _, value) if field == SEGMENT:
            return Compare("id", "eq", row if row in members.get(int(str(value)), set()) else 0)
        case Compare(field, op, Ago() as value):
            return Compare(field, op, value.before(now))
    return node


def expected(segments: Segments, rules: list[Rule], now: datetime) -> dict[int, set[int]]:
    members: dict[int, set[int]] = {}
    for rule in rules:
        members[rule.segment_id] = {
            row.account.id for row in segments.world.rows if holds(row, plain(rule.tree, row.account.id, members, now))
        }
    return members


async def settled(segments: Segments, rules: list[Rule], scope: Scope = EVERYBODY) -> dict[int, set[int]]:
    async with segments.world.ctx.db.transaction():
        await settle(segments.world.ctx, rules, scope)
    return await segments.members()


@settings(deadline=None, derandomize=True, max_examples=120)
@given(RULES)
async def test_rules_put_in_whom_plain_python_finds(segments: Segments, drawn: list[Filter]) -> None:
    rules = [Rule(segments.ids[n], f"S{n}", placed(tree, n, segments.ids)) for n, tree in enumerate(drawn)]

    found = await settled(segments, rules)

    wanted = expected(segments, rules, NOW)
    assert {segment_id: found[segment_id] for segment_id in wanted} == wanted


@settings(deadline=None, derandomize=True, max_examples=60)
@given(RULES, st.sets(st.integers(0, 59), max_size=10))
async def test_only_the_accounts_that_are_looked_at_move(
    segments: Segments, drawn: list[Filter], places: set[int]
) -> None:
    rules = [Rule(segments.ids[n], f"S{n}", placed(tree, n, segments.ids)) for n, tree in enumerate(drawn)]
    ids = {segments.world.rows[place].account.id for place in places}
    before = await segments.members()

    after = await settled(segments, rules, these(sorted(ids)))

    wanted = expected(segments, rules, NOW)
    for rule in rules:
        of = rule.segment_id
        assert after[of] - ids == before[of] - ids
        assert after[of] & ids == wanted[of] & ids


@settings(deadline=None, derandomize=True, max_examples=60)
@given(trees(LEAVES), st.integers(0, 59))
async def test_an_explanation_agrees_with_membership(segments: Segments, tree: Filter, place: int) -> None:
    ctx, segment_id = segments.world.ctx, segments.ids[0]
    row = segments.world.rows[place]
    async with ctx.db.transaction():
        await rule_actions.save(ctx, segment_id, tree)
        await settle(ctx, [Rule(segment_id, "S0", tree)], EVERYBODY)

    told = await rule_queries.explain(ctx, segment_id, row.account.id)

    assert told.is_member == told.verdict.holds

    def agree(node: Filter, verdict: Verdict) -> None:
        assert verdict.holds == holds(row, plain(node, row.account.id, {}, NOW))
        inner = node.parts if isinstance(node, Every | Some) else (node.part,) if isinstance(node, Not) else ()
        for part, said in zip(inner, verdict.parts, strict=True):
            agree(part, said)

    agree(tree, told.verdict)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(MOVING, st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_a_moving_comparison_changes_its_answer_only_at_a_crossing(
    one: Compare, first: int, hours: int, later: int
) -> None:
    since = NOW + (TIMES[1] - TIMES[0]) * first / 24
    now = since + (TIMES[1] - TIMES[0]) * later / 24
    held = NOW + (TIMES[1] - TIMES[0]) * hours / 24
    crosses = crossing(one, since, now)
    assert isinstance(crosses, Every)

    def says(compare: Filter, at: datetime) -> bool:
        assert isinstance(compare, Compare)
        value = compare.value.before(at) if isinstance(compare.value, Ago) else compare.value
        assert isinstance(value, datetime)
        return {"gt": held > value, "ge": held >= value, "lt": held < value, "le": held <= value}[compare.op]

    if says(one, since) != says(one, now):
        assert all(says(part, now) for part in crosses.parts)


@settings(deadline=None)
@given(trees(LEAVES))
def test_a_stored_rule_comes_back_as_it_was(tree: Filter) -> None:
    tree = checked(tree, FIELDS)
    stored = msgspec.json.Encoder(decimal_format="number").encode(to_json(tree))
    assert from_json(msgspec.json.Decoder(float_hook=Decimal).decode(stored)) == tree
