"""docs/segments.md shows calls that work."""

import json
import re
from pathlib import Path

import pytest

from shops import Shop

DOCUMENT = (Path(__file__).parents[3] / "docs/segments.md").read_text(encoding="utf-8")
CALLS = re.findall(r"```\n(GET|POST|PUT) (\S+)(?:\n(\{.*?\}))?\n```", DOCUMENT, re.DOTALL)


def test_there_are_calls() -> None:
    assert len(CALLS) == DOCUMENT.count("```") // 2 > 3


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_call_of_the_document_works(shop: Shop, method: str, path: str, body: str) -> None:
    account_id = (await shop.account())["id"]
    rule = {"filter": "createDate ge 30 days ago"}
    segment = (await shop.post("/api/commerce/customer/segments", {"name": "New", "rule": rule})).json()

    answer = await shop.call(
        method,
        path.format(id=segment["id"], accountId=account_id),
        json=json.loads(body) if body else None,
    )

    assert answer.status_code == 200, answer.text
