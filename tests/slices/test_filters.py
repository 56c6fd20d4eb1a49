"""Filters against plain Python: any tree over any rows finds what reading the rows one by one would find."""

import httpx
import pytest_asyncio
from hypothesis import given, settings

from filter_world import TREES, World, comparisons, holds, made_world
from patron.customers import queries
from patron.kernel.db import Database
from patron.kernel.query import Ask, Compare, Filter
from patron.settings import Settings


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database, settings: Settings) -> World:
    """Sixty accounts with contacts, sums and dates."""
    return await made_world(http, database, settings)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(TREES)
async def test_a_filter_finds_what_plain_python_finds(world: World, tree: Filter) -> None:
    page = await queries.list_of(
        world.ctx, Ask(filter=tree, size=200), queries.Narrowed(fields=queries.FIELDS), frozenset()
    )

    expected = [row.account.id for row in world.rows if holds(row, tree)]
    assert [row.account.id for row in page.items] == expected
    assert page.total == len(expected)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(comparisons())
async def test_a_single_comparison_finds_what_plain_python_finds(world: World, one: Compare) -> None:
    page = await queries.list_of(
        world.ctx, Ask(filter=one, size=200), queries.Narrowed(fields=queries.FIELDS), frozenset()
    )

    assert [row.account.id for row in page.items] == [row.account.id for row in world.rows if holds(row, one)]
