"""The official Commerce Layer clients, unmodified, against the real server: grants and resources.

`commercelayer/main.mjs` makes the calls and reports each as a line of JSON. A resource is a file below
`commercelayer/resources`; whoever serves a further one adds its file.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

import commercelayer_facts
from commercelayer_facts import DOMAIN
from node_walks import CLEAN, LINE_BYTES_MAX, NODE, serving, working
from organizations import Organization, open_organization
from patron.jsonapi import ids, openapi
from patron.jsonapi.catalogue import SERVED
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.tenants import actions as tenants
from shops import open_shop
from webapps import PASSWORD as STAFF_PASSWORD
from webapps import REDIRECT_URI, open_webapp

FEW = 3
FOLDER = Path(__file__).parent / "commercelayer"
GRANTS = {
    *("client_credentials", "password", "refresh_token", "authorization_code"),
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
}

Line = dict[str, Any]


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that the clients call, with a worker, whose webhooks may be in our own network."""
    folder, hooks = tmp_path_factory.mktemp("server"), {"PATRON_PRIVATE_HOOKS": "1"}
    with serving(database_url, folder / "log", **hooks) as base, working(database_url, folder / "worker.log", **hooks):
        yield base


@pytest.fixture(scope="module")
def crowded_server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another that lets an address call only a few times a minute."""
    few = {"PATRON_REQUESTS_PER_MINUTE": str(FEW), "PATRON_TOKEN_REQUESTS_PER_MINUTE": str(FEW)}
    with serving(database_url, tmp_path_factory.mktemp("crowded") / "log", **few) as base:
        yield base


@pytest_asyncio.fixture(scope="module")
async def walk(server: str, crowded_server: str, database: Database) -> list[Line]:
    """What the walk reported."""
    async with httpx.AsyncClient(base_url=server, timeout=60) as http:
        organization = await open_organization(await open_shop(http, database), database)
        facts = {
            "base": server,
            "crowded": {"domain": "crowded.localhost", "base": crowded_server, "limit": FEW},
            "expired": await commercelayer_facts.expired(organization, database),
            "moved": await commercelayer_facts.moved(organization, database),
            **await _facts(organization, database),
        }
    node = await asyncio.create_subprocess_exec(
        NODE, "main.mjs", cwd=FOLDER, env=CLEAN | {"PATRON_FACTS": json.dumps(facts)},
        stdout=subprocess.PIPE, limit=LINE_BYTES_MAX,
    )  # fmt: skip
    assert node.stdout
    lines = [json.loads(text) async for text in node.stdout]
    assert await node.wait() == 0
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return lines


async def _facts(organization: Organization, database: Database) -> Line:
    """What the walk is told: programs, and what each resource can do."""
    secret, client_id = random_token(), f"keeper-{random_token(4)}"
    await tenants.create_program(
        database.session(), organization.shop.tenant_id, client_id=client_id, name="Shop server", kind="sales_channel",
        secret=secret, now=clock(),
    )  # fmt: skip
    webapp = await open_webapp(organization, database)
    user = {"id": ids.shown(webapp.user_id), "email": webapp.email, "password": STAFF_PASSWORD}
    return {
        "domain": DOMAIN,
        "webapp": {"clientId": webapp.client_id, "clientSecret": webapp.secret, "redirectUri": REDIRECT_URI},
        "user": user,
        "organization": organization.slug,
        "integration": {"clientId": organization.integration, "clientSecret": organization.secret},
        "channel": {"clientId": organization.channel, "scope": organization.scope},
        "keeper": {"clientId": client_id, "clientSecret": secret, "scope": organization.scope},
        "types": {
            type_: {
                "letters": resource.letters,
                "triggers": [one.name for one in resource.triggers],
                "relationships": [
                    {"name": one.name, "many": one.to_many, "includes": one.includes} for one in resource.relationships
                ],
            }
            for type_, resource in SERVED.items()
        },
    }


def done(walk: list[Line], type_: str, outcome: str) -> set[str]:
    return {line["operation"] for line in walk if line.get("type") == type_ and line["outcome"] == outcome}


def test_no_part_of_the_walk_broke(walk: list[Line]) -> None:
    assert [line for line in walk if "broken" in line] == []
    assert walk[-1] == {"done": True}


@pytest.mark.parametrize("outcome", ["success", "failure"])
def test_every_grant_is_asked_for(walk: list[Line], outcome: str) -> None:
    assert done(walk, "tokens", outcome) == GRANTS


def documented() -> dict[str, set[str]]:
    """The operations of the OpenAPI document by type, as the walk calls them: a relationship's route by its name."""
    found: dict[str, set[str]] = {}
    for address, path in json.loads(openapi.document())["paths"].items():
        if not address.startswith("/api/"):
            continue  # tokens: see the grants above
        for operation in path.values():
            type_, _, name = operation["operationId"].partition(".")
            found.setdefault(type_, set()).add(name.removeprefix("retrieve."))
    return found


DOCUMENTED = documented()


@pytest.mark.parametrize("outcome", ["success", "failure"])
@pytest.mark.parametrize("type_", sorted(DOCUMENTED))
def test_every_operation_of_the_document_is_called(walk: list[Line], type_: str, outcome: str) -> None:
    assert sorted(DOCUMENTED[type_] - done(walk, type_, outcome)) == []


@pytest.mark.parametrize("outcome", ["success", "failure"])
@pytest.mark.parametrize("type_", sorted(SERVED))
def test_every_trigger_that_the_client_knows_is_pulled(walk: list[Line], type_: str, outcome: str) -> None:
    (known,) = (line["triggers"] for line in walk if line.get("knows") == type_)
    assert sorted(set(known) - done(walk, type_, outcome)) == []


def test_every_resource_is_in_the_document() -> None:
    assert DOCUMENTED.keys() == SERVED.keys()
