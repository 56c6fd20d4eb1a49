"""Every predicate of `filter[q]` against plain Python, which reads the rows one by one."""

import json
import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from filter_world import TEXTS, TIMES
from organizations import Organization, open_organization, to_one
from patron.jsonapi.filters import PREDICATES
from patron.kernel.db import Database
from patron.kernel.values import email_key
from shops import open_shop

ROWS = 25  # what fits a page
WORDS = [text for text in TEXTS if "," not in text]
KINDS = {
    "email": "text", "status": "text", "reference": "text", "reference_origin": "text", "total_orders_count": "integer",
    "created_at": "time", "metadata": "json", "customer_group_name": "text", "customer_group_reference": "text",
    "customer_group_metadata": "json", "password": "bool",
}  # fmt: skip
EMAILS = ["jo@example.com", "JO@Example.com", "kim@xn--bcher-kva.example", "kim@bücher.example", "a_b@example.com"]
OBJECTS: list[dict[str, Any]] = [
    {}, {"a": 1}, {"a": 1, "b": [1, 2, {"c": None}]}, {"a": {"b": "x"}}, {"a": {"b": "x", "c": True}}, {"b": [2]},
    {"a": True}, {"a": None}, {"é": "字"}, {"b": [{"c": None}, 1]},
]  # fmt: skip
LISTED = ("_any", "_all", "in", "in_or_null")
FLAGS = {"present", "blank", "null", "not_null", "true", "false"}


class World:
    """Customers in the database, and what the face says of them."""

    organization: Organization
    rows: list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module")
async def world(http: httpx.AsyncClient, database: Database) -> World:
    """A page of customers whose values meet each other often; some are in groups."""
    made, chance = World(), random.Random(5)
    made.organization = await open_organization(await open_shop(http, database), database)
    groups: list[Any] = [None]
    for n in range(4):
        name, reference = chance.choice([text for text in TEXTS if text.strip()]), chance.choice([None, *TEXTS[:5]])
        group = await made.organization.create(
            "customer_groups", name=name, code=f"g{n}", reference=reference, metadata=chance.choice(OBJECTS)
        )
        groups.append(group["id"])
    for n in range(ROWS):
        group = chance.choice(groups)
        linked = {"customer_group": to_one("customer_groups", group)} if group else None
        emails = [
            "jo@example.com",
            "kim@bücher.example",
            "a_b@example.com",
            *(f"c{m}@example.com" for m in range(ROWS)),
        ]
        one = await made.organization.create("customers", linked, email=emails[n], metadata=chance.choice(OBJECTS))
        await database.session().execute(
            """
            update account set external_id = $3, reference_origin = $4, order_count = $5, created_at = $6,
                   is_anonymous = $7 where tenant_id = $1 and email_key = $2
            """,
            made.organization.shop.tenant_id, email_key(one["attributes"]["email"]), f"{chance.choice(WORDS)}{n}",
            chance.choice([None, *TEXTS]), chance.choice([0, 1, 2, 3]), chance.choice(TIMES),
            chance.choice([True, False]),
        )  # fmt: skip
    answer = (await made.organization.get("customers?page[size]=25&include=customer_group")).json()
    included = {one["id"]: one["attributes"] for one in answer.get("included", ())}
    made.rows = [row_of(one, included) for one in answer["data"]]
    assert len(made.rows) == ROWS
    return made


def row_of(one: dict[str, Any], included: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The values that a filter may ask a customer for."""
    linked = one["relationships"]["customer_group"]["data"]
    group = included[linked["id"]] if linked else {}
    has_password = one["attributes"]["has_password"] or None
    flat = one["attributes"] | {f"customer_group_{key}": value for key, value in group.items()}
    created = datetime.fromisoformat(flat["created_at"])
    return {name: flat.get(name) for name in KINDS} | {"created_at": created, "password": has_password, "id": one["id"]}


def holds(name: str, held: Any, predicate: str, text: str) -> bool:
    """What a predicate means, written down as plainly as it can be."""
    if predicate in FLAGS:
        is_blank = held is None or held == ""
        says = {"present": not is_blank, "blank": is_blank, "null": held is None, "not_null": held is not None,
                "true": held is True, "false": held is False}  # fmt: skip
        return says[predicate] == (text in ("1", "t", "true"))
    if predicate.endswith("_or_null"):
        return held is None or holds(name, held, predicate.removesuffix("_or_null"), text)
    if held is None:
        return False
    if predicate.endswith("_any"):
        return any(holds(name, held, predicate[:-4], one) for one in text.split(","))
    if predicate.endswith("_all"):
        return all(holds(name, held, predicate[:-4], one) for one in text.split(","))
    if predicate == "in":
        return any(holds(name, held, "eq", one) for one in text.split(","))
    if predicate == "does_not_match":
        return not holds(name, held, "matches", text)
    if predicate.startswith("not_"):
        return not holds(name, held, predicate[4:], text)
    return compares(name, held, predicate.removeprefix("i_"), text)


def compares(name: str, held: Any, predicate: str, text: str) -> bool:
    """One plain predicate on a value that is there."""
    if predicate == "jcont":
        return contains(held, json.loads(text))
    wanted = {"text": str, "integer": Decimal, "time": moment, "json": str, "bool": lambda t: t in ("1", "t", "true")}[
        KINDS[name]
    ](text)
    if predicate == "eq":
        return bool(email_key(held) == email_key(text) if name == "email" else held == wanted)
    if isinstance(held, str):
        held, wanted = held.lower(), wanted.lower()
    return bool(
        {
            "lt": lambda: held < wanted, "lteq": lambda: held <= wanted,
            "gt": lambda: held > wanted, "gteq": lambda: held >= wanted,
            "start": lambda: held.startswith(wanted), "end": lambda: held.endswith(wanted),
            "cont": lambda: wanted in held, "matches": lambda: re.fullmatch(pattern(wanted), held, re.DOTALL),
        }[predicate]()
    )  # fmt: skip


def moment(text: str) -> datetime:
    """A time, in UTC where it does not say."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def pattern(like: str) -> str:
    """A pattern of SQL as a regular expression. What ends with a lone backslash means it."""
    parts = re.findall(r"\\.|\\|%|_|[^\\%_]+", like, re.DOTALL)
    made = {"%": ".*", "_": "."}
    return "".join(
        made.get(part) or re.escape(part[1:] if part[:1] == "\\" and len(part) > 1 else part) for part in parts
    )


def contains(held: Any, wanted: Any) -> bool:
    """Containment of JSON."""
    if isinstance(held, dict) and isinstance(wanted, dict):
        return all(key in held and contains(held[key], one) for key, one in wanted.items())
    if isinstance(held, list) and isinstance(wanted, list):
        return all(any(contains(mine, one) for mine in held) for one in wanted)
    return type(held) is type(wanted) and held == wanted


def values_of(name: str, predicate: str) -> st.SearchStrategy[str]:
    """Texts that a caller may send for a predicate on a field."""
    one = {
        "text": st.sampled_from([*WORDS, *EMAILS, "prospect", "Repeat", "a%", "%b", "_", "%", "a_", "\\%", "\\\\"]),
        "integer": st.sampled_from(["0", "1", "2", "-1", "1.5", "+2", "99999999999999999999"]),
        "time": st.sampled_from(
            [
                TIMES[1].isoformat(),
                "2024-01-01",
                "2024-01-02T00:00:00Z",
                "2024-01-02T02:00:00+02:00",
                "2024-01-03 00:00",
            ]
        ),
        "bool": st.sampled_from(["true", "false", "1", "0"]),
        "json": st.sampled_from([json.dumps(one) for one in OBJECTS]),
    }[KINDS[name]]
    if predicate in FLAGS:
        return st.sampled_from(["1", "t", "true", "0", "f", "false"])
    if predicate.removesuffix("_or_null").endswith(LISTED) and predicate != "jcont":
        return st.lists(one, min_size=1, max_size=3).map(",".join)
    return one


TEXT_ONLY = ("match", "start", "end", "cont")


def fits(name: str, predicate: str) -> bool:
    """Whether a predicate can be asked of a field."""
    kind = KINDS[name]
    if predicate == "jcont" or kind == "json":
        return kind == "json" and predicate in {"jcont", *FLAGS} - {"true", "false"}
    if predicate in ("true", "false"):
        return kind == "bool"
    return kind == "text" or not any(word in predicate for word in TEXT_ONLY)


ASKED = [(name, predicate) for predicate in PREDICATES for name in KINDS if fits(name, predicate)]


@st.composite
def questions(draw: st.DrawFn, pairs: list[tuple[str, str]]) -> tuple[tuple[str, ...], str, str, str]:
    """Fields, how they are joined, predicate, value."""
    name, predicate = draw(st.sampled_from(pairs))
    alike = [one for one in KINDS if KINDS[one] == KINDS[name] and fits(one, predicate)]
    more = draw(st.lists(st.sampled_from(alike), max_size=2)) if draw(st.booleans()) else []
    return (name, *more), draw(st.sampled_from(["_or_", "_and_"])), predicate, draw(values_of(name, predicate))


async def found(world: World, query: str) -> list[str]:
    """The ids that a question finds; what the list counts is what it shows."""
    answer = await world.organization.get(f"customers?page[size]=25&{query}")
    assert answer.status_code == 200, answer.text
    ids = [one["id"] for one in answer.json()["data"]]
    assert answer.json()["meta"]["record_count"] == len(ids)
    return ids


def expected(world: World, names: tuple[str, ...], how: str, predicate: str, text: str) -> list[str]:
    """What plain Python finds."""
    joined = any if how == "_or_" and len(names) > 1 else all
    return [row["id"] for row in world.rows if joined(holds(name, row[name], predicate, text) for name in names)]


def key(names: tuple[str, ...], how: str, predicate: str, text: str) -> str:
    """The question as a parameter."""
    return f"filter[q][{how.join(names)}_{predicate}]={quote(text, safe='')}"


def test_all_predicates_of_the_contract_are_there() -> None:
    assert len(PREDICATES) == 51 + len({"i_cont", "not_i_cont"})
    assert {predicate for _, predicate in ASKED} == set(PREDICATES)


@pytest.mark.parametrize("predicate", sorted(PREDICATES))
@settings(deadline=None, derandomize=True, max_examples=12)
@given(data=st.data())
async def test_a_predicate_finds_what_plain_python_finds(world: World, predicate: str, data: st.DataObject) -> None:
    question = data.draw(questions([pair for pair in ASKED if pair[1] == predicate]))
    assert await found(world, key(*question)) == expected(world, *question), question


@settings(deadline=None, derandomize=True, max_examples=60)
@given(several=st.lists(questions(ASKED), min_size=2, max_size=4))
async def test_several_keys_all_hold(world: World, several: list[tuple[tuple[str, ...], str, str, str]]) -> None:
    every = [set(expected(world, *question)) for question in several]
    wanted = [row["id"] for row in world.rows if all(row["id"] in one for one in every)]
    assert await found(world, "&".join(key(*question) for question in several)) == wanted
