"""docs/credits.md says what is so: its examples are run, one after the other, and its limits are the code's."""

import json
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from patron.credits import claims, ledger, model, payments, transactions
from patron.kernel.values import MINOR_MAX
from shops import Shop

TEXT = (Path(__file__).parents[2] / "docs/credits.md").read_text()
_EXAMPLE = re.compile(r"^(curl .+)\n→ (\d{3}) (\{.*\})$", re.MULTILINE)
API = "/api/commerce/customer"


def request(command: str) -> dict[str, Any]:
    """What a curl command sends, as our client takes it."""
    _, *words = shlex.split(command)
    asked: dict[str, Any] = {"method": "GET"}
    at = 0
    while at < len(words):
        word, value = words[at], words[at + 1] if at + 1 < len(words) else ""
        match word:
            case "-H" | "-X" | "--json" | "--data-urlencode":
                at += 1
            case "-G":
                pass
            case _:
                asked["path"] = word
        if word == "-X":
            asked["method"] = value
        elif word == "--json":
            asked |= {"method": "POST", "content": value.encode()}
        elif word == "--data-urlencode":
            name, _, text = value.partition("=")
            asked["params"] = urlencode({name: text})
        at += 1
    return asked


def contains(answer: Any, wanted: Any) -> bool:
    """Whether an answer has all that a document shows of it."""
    if isinstance(wanted, dict):
        return all(name in answer and contains(answer[name], one) for name, one in wanted.items())
    if isinstance(wanted, list):
        return len(answer) == len(wanted) and all(map(contains, answer, wanted))
    return bool(answer == wanted)


async def test_the_examples_do_what_the_document_shows(shop: Shop) -> None:
    customer, payment = (await shop.account())["id"], 0
    examples = _EXAMPLE.findall(TEXT)
    assert len(examples) == TEXT.count("\ncurl ")
    for command, status, shown in examples:
        text = command.replace("'$CUSTOMER'", str(customer)).replace("$CUSTOMER", str(customer))
        asked = request(text.replace("$PAYMENT", str(payment)).replace("$API", API))
        answer = await shop.call(asked.pop("method"), asked.pop("path"), **asked)
        assert answer.status_code == int(status), (command, answer.text)
        assert contains(answer.json(), json.loads(shown)), (command, answer.text)
        if command.split()[3].endswith("/payments") and "--json" in command:
            payment = answer.json()["id"]


def test_every_kind_of_entry_is_explained() -> None:
    rows = re.findall(r"^\| (?!kind)([a-z, ]+) \| (\w+) → (\w+) \|", TEXT, re.MULTILINE)
    told = {kind: (source, target) for kinds, source, target in rows for kind in kinds.split(", ")}

    assert told == {kind: (posting.source, posting.target) for kind, posting in ledger.POSTINGS.items()}


@pytest.mark.parametrize(
    ("sentence", "limits"),
    [
        ("| `code`, `customCreditType` | {} characters |", [model.CODE_LENGTH_MAX]),
        ("| `orderId`, `key` | {} characters |", [model.REFERENCE_LENGTH_MAX]),
        (
            "| `comments`, `data` | {:,} characters; {:,} bytes |",
            [model.COMMENTS_LENGTH_MAX, transactions.DATA_BYTES_MAX],
        ),
        ("| credits that one payment draws upon | {:,} |", [payments.CREDITS_MAX]),
        ("| codes that a shopper may try in vain | {} an hour", [claims.FAILURES_MAX]),
        ("good for another {} days", [ledger.REFUND_GRACE_DAYS]),
        ("ends by itself after {} days", [payments.HOLD_LIFE.days]),
        ("at most {} days ahead", [payments.HOLD_LIFE_MAX.days]),
        ("| an amount | 10^{} minor units;", [len(str(MINOR_MAX)) - 1]),
    ],
)
def test_the_limits_are_the_codes(sentence: str, limits: list[int]) -> None:
    assert sentence.format(*limits) in TEXT


def test_both_lengths_are_one() -> None:
    assert model.CODE_LENGTH_MAX == model.CUSTOM_KIND_LENGTH_MAX
