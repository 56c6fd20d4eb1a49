"""The official Kibo client, unmodified, against the real server: every served operation works and is refused.

`kibo/main.mjs` makes the calls and reports each as a line of JSON; here the lines are held against the contract.
Whoever serves a further operation adds its steps to a part of the walk.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from contract.ours import SERVED, ours, parameters, success
from contract.shape import unlike
from node_walks import CLEAN, LINE_BYTES_MAX, NODE, serving
from patron.kernel.db import Database
from patron.kernel.mail import BODY_PURPOSE, Body
from patron.kernel.secrets import Vault, read_key
from shoppers import set_policy
from shops import Shop, open_shop
from stage import TEST_KEY

FOLDER = Path(__file__).parent

Line = dict[str, Any]


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server that the client calls."""
    with serving(database_url, tmp_path_factory.mktemp("server") / "log") as base:
        yield base


@pytest_asyncio.fixture(scope="module")
async def walk(server: str, database: Database) -> list[Line]:
    """What the walk reported."""
    async with httpx.AsyncClient(base_url=server, timeout=60) as http:
        shop = await open_shop(http, database)
    facts_of_shop = {
        "base": server,
        "tenantId": shop.tenant_id,
        "siteId": shop.site_id,
        "clientId": shop.client_id,
        "clientSecret": shop.client_secret,
        "token": shop.token,
    }
    lines = [line async for line in _walked(shop, facts_of_shop)]
    sys.stdout.writelines(f"{_readable(line)}\n" for line in lines)
    return lines


async def _walked(shop: Shop, facts_of_shop: Line) -> AsyncIterator[Line]:
    node = await asyncio.create_subprocess_exec(
        NODE,
        "main.mjs",
        cwd=FOLDER / "kibo",
        env=CLEAN | {"PATRON_SHOP": json.dumps(facts_of_shop)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=LINE_BYTES_MAX,
    )
    assert node.stdin
    assert node.stdout
    async for text in node.stdout:
        line = json.loads(text)
        if "ask" in line:
            answer = {"text": await _done(shop, line["ask"], line["about"])}
            node.stdin.write(json.dumps(answer).encode() + b"\n")
        else:
            yield line
    assert await node.wait() == 0


async def _done(shop: Shop, ask: str, about: Any) -> str | None:
    """What the walk asks for: a mail, other settings, or that a minute went by since a code was mailed."""
    if ask == "mail":
        return await _mail_to(shop, about["recipient"], about["kind"])
    if ask == "settings":
        await set_policy(shop, **about)
        return None
    assert ask == "minuteLater"
    await shop.database.session().execute(
        """
        update mailed_code set created_at = created_at - interval '1 minute'
        where tenant_id = $1 and account_id = (select id from account where tenant_id = $1 and email = $2)
        """,
        shop.tenant_id,
        about,
    )
    return None


async def _mail_to(shop: Shop, recipient: str, kind: str) -> str:
    """The newest mail of a kind, as the worker would send it."""
    sealed = await shop.database.session().value(
        "select sealed_body from mail where tenant_id = $1 and recipient = $2 and kind = $3 order by id desc limit 1",
        shop.tenant_id,
        recipient,
        kind,
    )
    vault = Vault(read_key(TEST_KEY, Path("/nonexistent")))
    return msgspec.json.decode(vault.open(sealed, BODY_PURPOSE), type=Body).text


def _readable(line: Line) -> str:
    if "broken" in line:
        return f"✗ {line['broken']}: {line['error']}\n  {line.get('body')}"
    if "check" in line:
        return f"✓ {line['check']}"
    if "operation" in line:
        return f"✓ {line['operation']}: {line['outcome']} {line.get('error', line['status'])}"
    return "✓ the walk came to its end"


def calls(walk: list[Line], outcome: str) -> list[Line]:
    return [line for line in walk if line.get("outcome") == outcome]


def operations(walk: list[Line], outcome: str) -> set[str]:
    return {line["operation"] for line in calls(walk, outcome)}


def with_header(name: str) -> set[str]:
    return {key for key, operation in SERVED.items() if name in parameters(ours(operation), "header")}


def test_no_part_of_the_walk_broke(walk: list[Line]) -> None:
    assert [_readable(line) for line in walk if "broken" in line] == []
    assert walk[-1] == {"done": True}


@pytest.mark.parametrize("outcome", ["success", "failure"])
def test_every_served_operation_is_called(walk: list[Line], outcome: str) -> None:
    assert operations(walk, outcome) == set(SERVED)


def test_every_change_with_a_version_is_refused_when_it_is_stale(walk: list[Line]) -> None:
    assert operations(walk, "stale") == with_header("If-Match")


def test_every_change_with_a_key_is_made_once(walk: list[Line]) -> None:
    assert operations(walk, "repeated") == with_header("Idempotency-Key")


def test_every_success_has_the_contract_s_status(walk: list[Line]) -> None:
    given = {(line["operation"], line["status"]) for line in calls(walk, "success")}

    assert given == {(key, operation.status) for key, operation in SERVED.items()}


def test_answers_carry_an_etag_where_the_document_says_so(walk: list[Line]) -> None:
    given = {(line["operation"], bool(line["etag"])) for line in calls(walk, "success")}

    assert given == {(key, "ETag" in success(ours(one))[1].get("headers", {})) for key, one in SERVED.items()}


def test_every_answer_has_the_contract_s_fields_and_types(walk: list[Line]) -> None:
    problems = [
        f"{line['operation']} {problem}"
        for line in calls(walk, "success")
        for problem in unlike(line.get("answer"), SERVED[line["operation"]].answer, thinned=line["thinned"])
    ]

    assert problems == []
