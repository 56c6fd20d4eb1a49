"""What is outside /api in the second face's document, with requests that nobody would write (see test_operations.py).

A right client, user or address is put into about half of what is drawn: else every request would end at the door.
"""

import json
import os
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from test_jsonapi_operations import AUTH, EXCLUDED, number_of

from organizations import open_organization
from patron.jsonapi import openapi
from patron.kernel.db import Database
from shops import open_shop
from webapps import PASSWORD, WebApp, open_webapp

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # for each operation; 0 is the short form

schema = schemathesis.openapi.from_dict(json.loads(openapi.document())).include(tag="oauth")
schema.config.generation.update(
    with_security_parameters=False, deterministic=not EXAMPLES, max_examples=EXAMPLES or 10, database="none"
)


class World:
    """A web app with a token of its user's, and how often requests did what they asked for."""

    webapp: WebApp
    token: str
    address: str
    session: requests.Session
    done: set[str]

    def feed(self, case: Case) -> None:
        """Put right values into a case; the dice are the case's own."""
        dice = random.Random(number_of(case))
        good: dict[str, Any] = {
            **self.webapp.question(), **self.webapp.client, "grant_type": "refresh_token", "email": self.webapp.email,
            "password": PASSWORD, "decision": "allow",
        }  # fmt: skip
        whole, drawn = dice.random() < 0.5, case.body if isinstance(case.body, dict) else {}
        if drawn:
            case.body = {
                name: good.get(name, one) if whole or dice.random() < 0.5 else one for name, one in drawn.items()
            }
        for name in list(case.query or {}):
            if whole or dice.random() < 0.5:
                case.query[name] = good.get(name, case.query[name])


@pytest_asyncio.fixture(scope="module")
async def world(address: str, database: Database) -> AsyncIterator[World]:
    """One for all of these tests; each operation must have succeeded at least once where it can by chance."""
    made = World()
    made.address, made.done = address, set()
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        with requests.Session() as made.session:
            made.webapp = await open_webapp(
                await open_organization(await open_shop(http, database), database), database
            )
            page = await made.webapp.ask()
            code = (await made.webapp.answer(page, headers={})).headers["location"].split("code=")[1].partition("&")[0]
            made.token = (await made.webapp.exchange(code)).json()["access_token"]
            yield made
    assert {"oauth.ask", "oauth.answer", "oauth.tokeninfo", "oauth.keys"} <= made.done


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_answers_about_tokens_are_as_documented(case: Case, world: World) -> None:
    world.feed(case)
    response = case.call(
        world.address, world.session, {"Authorization": f"Bearer {world.token}"}, allow_redirects=False
    )
    case.validate_response(
        response, excluded_checks=[*EXCLUDED, AUTH],
        transport_kwargs={"session": world.session, "allow_redirects": False},
    )  # fmt: skip
    assert response.status_code < 500, response.text
    if response.status_code < 400:
        world.done.add(str(case.operation.definition.raw["operationId"]))
