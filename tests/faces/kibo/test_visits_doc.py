"""docs/visits.md shows what is so: its calls are made, one after the other, and answered as it says."""

import json
import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from patron.kernel.clock import clock
from shops import Shop

TEXT = (Path(__file__).parents[3] / "docs/visits.md").read_text()
EXAMPLES = re.findall(r"```sh\n(.*?)```\s+```json\n(.*?)```", TEXT, re.DOTALL)
SHOWN_ID = "019ab7f1c2c07d3e…"
OUR_ID = re.compile(r"[0-9a-f]{32}")


async def called(shop: Shop, command: str) -> httpx.Response:
    """What curl would have sent, but for who sends it."""
    words = iter(shlex.split(command.replace("\\\n", " ")))
    assert next(words) == "curl"
    asked: dict[str, Any] = {"headers": {}, "params": {}}
    method, path, body, is_query = None, "", None, False
    for word in words:
        match word:
            case "-H":
                name, _, value = next(words).partition(": ")
                asked["headers"] |= {name: value} if value else {}
            case "-X":
                method = next(words)
            case "-d":
                body = json.loads(next(words))
            case "-G":
                is_query = True
            case "--data-urlencode":
                asked["params"] |= dict(parse_qsl(quote(next(words), safe="=")))
            case "-s":
                pass
            case _:
                path = urlsplit(word.removeprefix("$B")).path
    if body is not None:
        asked["json"] = body
    method = method or ("GET" if is_query or body is None else "POST")
    return await shop.call(method, path, **asked)


def alike(answer: Any) -> Any:
    """The answer, with the id that the text has in place of those that we make."""
    return json.loads(OUR_ID.sub(SHOWN_ID, json.dumps(answer)))


async def test_the_calls_are_answered_as_the_document_says(shop: Shop) -> None:
    account_id = (await shop.account())["id"]
    day = (clock() - timedelta(days=2)).date().isoformat()
    assert len(EXAMPLES) == 5
    for command, said in EXAMPLES:
        there = {"1001": account_id, "2026-11-24": day, "2001": shop.site_id}
        for old, new in there.items():
            command, said = (re.sub(rf"\b{old}\b", str(new), text) for text in (command, said))
        told = json.loads(said)
        answer = await called(shop, command)
        assert answer.status_code in (200, 201), answer.text
        assert alike(answer.json()) == told
