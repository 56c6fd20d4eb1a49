"""The wall between tenants: another tenant's id is answered exactly as an id that nobody has (DESIGN 3.1)."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from kibo_nobody import nobody
from kibo_requests import EVERY, FORMS, NAMES, Form, Things, request, slots, stock
from patron.kernel.db import Database
from patron.kibo.operations import OPERATIONS
from patron.web.operations import Operation
from shops import Shop, open_shop

READS = [
    (operation, form)
    for operation, form in EVERY
    if operation.method == "GET" and operation.scope and not operation.versioned
]


class World:
    """Two shops that know nothing of each other, with one of everything in each."""

    own: Shop
    foreign: Shop
    own_things: dict[str, Any]
    foreign_things: dict[str, Any]

    async def foreign_state(self) -> list[Any]:
        """All that the foreign shop can read of itself."""
        answers = [
            await self.foreign.call(**request(operation, form, self.foreign_things)) for operation, form in READS
        ]
        return [facts(answer, {}, []) for answer in answers]


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database) -> AsyncIterator[World]:
    """The caller's shop and the foreign one, which must be the same when the walk is over."""
    made = World()
    made.own, made.foreign = await open_shop(http, database), await open_shop(http, database)
    made.own_things, made.foreign_things = await stock(made.own), await stock(made.foreign)
    before = await made.foreign_state()
    yield made
    assert await made.foreign_state() == before


def test_every_operation_has_a_form() -> None:
    assert [operation.key for operation in OPERATIONS if operation.key not in FORMS] == []


@pytest.mark.parametrize(("operation", "form"), EVERY, ids=NAMES)
async def test_a_foreign_id_is_answered_like_an_unknown_one(world: World, operation: Operation, form: Form) -> None:
    names = slots(operation, form)
    for foreign in [[name] for name in names] + ([names] if len(names) > 1 else []):
        answers = [
            facts(await world.own.call(**request(operation, form, mixed)), things, foreign)
            for things in (world.foreign_things, nobody())
            for mixed in [world.own_things | {name: things[name] for name in foreign}]
        ]
        assert answers[0] == answers[1], foreign


def facts(answer: httpx.Response, things: Things, names: list[str]) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of an answer, without the ids that were asked for and the request's own id."""
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body.pop("correlationId", None)
    text = re.sub(r'"lagSeconds": [0-9.e-]+', "", json.dumps(body))  # grows while nobody works
    for name in names:  # as a whole: the number of one thing may stand in the name of another, such as card-1023
        text = re.sub(rf"(?<![\w-]){re.escape(str(things[name]))}(?!\w)", f"<{name}>", text)
    headers = {
        name: value for name, value in answer.headers.items() if name not in ("x-vol-correlation", "content-length")
    }
    return answer.status_code, text, headers


@pytest.mark.parametrize(("operation", "form"), READS)
async def test_no_answer_tells_of_another_tenant(world: World, operation: Operation, form: Form) -> None:
    answer = await world.own.call(**request(operation, form, world.own_things))

    assert f"Of {world.foreign.tenant_id}" not in answer.text
    assert str(world.foreign_things["email"]) not in answer.text
