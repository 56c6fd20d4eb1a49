"""Every operation of the second face's document, with requests that nobody would write (see test_operations.py).

Real ids and good bodies are put into about half of what Schemathesis draws: else every request would end at the door.
"""

import json
import os
import random
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks

from jsonapi_forms import Things, body, change, stock
from organizations import TYPE, Organization, open_organization
from patron.jsonapi import openapi
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from shops import open_shop

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # for each operation; 0 is the short form
# In the short form one case of so many is sent; what relationships lead to is read by one piece of code, so that of
# groups is enough.
SENT_OF_WIDE, SENT = 8, 3

# Tokens have tests of their own (test_jsonapi_oauth.py).
schema = schemathesis.openapi.from_dict(json.loads(openapi.document())).exclude(tag="oauth")
schema.config.generation.update(
    with_security_parameters=False, deterministic=not EXAMPLES, max_examples=EXAMPLES or 6, database="none"
)
if not EXAMPLES:
    schema = schema.include(operation_id_regex=r"^\w+\.\w+$|^customer_groups\.retrieve\.\w+$")
load_all_checks()
# A schema cannot say all that we ask of a value; and a real thing may stand where a bad value was drawn.
EXCLUDED = [CHECKS.get_one(name) for name in ("positive_data_acceptance", "negative_data_rejection")]
AUTH = CHECKS.get_one("ignored_auth")


class World:
    """An organization, one of everything in it, and how often requests did what they asked for."""

    organization: Organization
    things: Things
    address: str
    session: requests.Session
    successes = 0

    def feed(self, case: Case) -> None:
        """Put real things into a case; the dice are the case's own."""
        dice = random.Random(number_of(case))
        type_, what, *_ = str(case.operation.definition.raw["operationId"]).split(".")
        one = self.things.get(type_, "nobody")
        if "id" in (case.path_parameters or {}) and dice.random() < 0.9:
            case.path_parameters["id"] = one
        if dice.random() < 0.5:
            case.query.clear()
        if what == "create" and dice.random() < 0.5:
            case.body = mixed(body(type_, self.things), case.body, dice)
        if what == "update" and dice.random() < 0.8:
            case.body = mixed(change(type_, one), case.body, dice)
        for name, good in (("If-Match", "*"), ("Idempotency-Key", random_token())):
            if name in (case.headers or {}) and dice.random() < 0.7:
                case.headers[name] = good


def number_of(case: Case) -> int:
    """A number that is the same whenever the same case is drawn."""
    return zlib.crc32(ascii((case.method, case.path_parameters, case.query, case.body)).encode())


def mixed(good: dict[str, Any], drawn: Any, dice: random.Random) -> Any:
    """A good document, now and then with drawn attributes beside its own."""
    inner = drawn.get("data") if isinstance(drawn, dict) else None
    odd = inner.get("attributes") if isinstance(inner, dict) else None
    if isinstance(odd, dict) and odd and dice.random() < 0.5:
        some = dict(dice.sample(sorted(odd.items()), min(len(odd), 2)))
        good["data"]["attributes"] = some | good["data"]["attributes"]
    return good


def is_left_out(case: Case) -> bool:
    """Whether the short form does without a case."""
    name = str(case.operation.definition.raw["operationId"])
    one_in = SENT_OF_WIDE if name.startswith("orders.") else SENT
    return number_of(case) % one_in != 0


@pytest_asyncio.fixture(scope="module")
async def world(address: str, database: Database) -> AsyncIterator[World]:
    """An organization for all of these tests."""
    made = World()
    made.address = address
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        with requests.Session() as made.session:
            made.organization = await open_organization(await open_shop(http, database), database)
            made.things = await stock(made.organization)
            yield made


@pytest_asyncio.fixture(autouse=True)
async def a_shop_of_its_own(request: Any, world: World) -> AsyncIterator[None]:
    """Not one for each: what a test has used up is made again behind it."""
    yield
    if ".delete" in request.node.name or "DELETE" in request.node.name or "PATCH" in request.node.name:
        world.things = await stock(world.organization)


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_answers_of_the_second_face_are_as_documented(case: Case, world: World) -> None:
    if not EXAMPLES and is_left_out(case):
        return
    world.feed(case)
    headers = {"Authorization": f"Bearer {world.organization.token}", "Accept": TYPE}
    if case.body is not schemathesis.core.NOT_SET:
        headers["Content-Type"] = TYPE
    response = case.call(world.address, world.session, headers)
    case.validate_response(
        response, headers=headers, excluded_checks=[*EXCLUDED, AUTH], transport_kwargs={"session": world.session}
    )
    assert response.headers["x-request-id"]
    assert response.status_code < 500, response.text
