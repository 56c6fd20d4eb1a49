"""Lists of attribute definitions through the Kibo face: pages, order, filter, fields."""

from typing import Any

import httpx
import pytest

from attribute_samples import B2B_DEFINITIONS, DEFINITIONS, ORDER_DEFINITIONS, body, define
from shops import Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"


@pytest.fixture(
    params=[DEFINITIONS, B2B_DEFINITIONS, ORDER_DEFINITIONS], ids=["of B2C accounts", "of B2B accounts", "of orders"]
)
def path(request: pytest.FixtureRequest) -> str:
    """What holds for the definitions of every family."""
    return str(request.param)


@pytest.fixture
async def many(shop: Shop, path: str) -> list[dict[str, Any]]:
    """Twelve definitions; the last made come first by their order."""
    bodies = [body(f"Code-{n:02}", order=20 - n, isRequired=n % 2 == 0, adminName=f"Name {n}") for n in range(11)]
    return await define(shop, *bodies, body("flag", dataType="Bool", inputType="YesNo"), path=path)


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["attributeCode"] for item in answer.json()["items"]]


async def test_a_list_pages_in_the_order_of_the_attributes(shop: Shop, path: str, many: list[dict[str, Any]]) -> None:
    first = await shop.get(path, params={"pageSize": 5})
    second = await shop.get(path, params={"pageSize": 5, "startIndex": 5})
    last = await shop.get(path, params={"pageSize": 5, "startIndex": 10})

    assert [*codes(first), *codes(second), *codes(last)] == [*(f"Code-{n:02}" for n in range(10, -1, -1)), "flag"]
    frame = {name: first.json()[name] for name in ("startIndex", "pageSize", "totalCount", "pageCount")}
    assert frame == {"startIndex": 0, "pageSize": 5, "totalCount": 12, "pageCount": 3}
    by_cursor = await shop.get(path, params={"pageSize": 5, "cursor": first.json()["nextCursor"]})
    assert by_cursor.json()["items"] == second.json()["items"]
    assert last.json()["nextCursor"] is None
    assert codes(await shop.get(path, params={"pageSize": 0})) == []


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("attributeCode desc", "flag"),
        ("attributecode", "Code-00"),
        ("attributeFQN asc", "Code-00"),
        ("attributeSequence desc", "flag"),
        ("isRequired desc,attributeCode desc", "Code-10"),
        ("adminName desc", "Code-09"),
        ("order", "Code-10"),
        ("createDate desc, id desc", "flag"),
    ],
)
async def test_a_list_is_sorted(shop: Shop, path: str, many: list[dict[str, Any]], order: str, first: str) -> None:
    assert codes(await shop.get(path, params={"sortBy": order}))[0] == first


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("attributeCode eq code-03", ["Code-03"]),
        ("attributeFQN eq 'TENANT~code-03'", ["Code-03"]),
        ("attributeCode sw Code-1", ["Code-10"]),
        ("adminName cont 'me 7'", ["Code-07"]),
        ("dataType eq bool", ["flag"]),
        ("isRequired eq true and order lt 13", ["Code-10", "Code-08"]),
        ("order eq null", ["flag"]),
        ("adminName eq null", ["flag"]),
        ("inputType ne TextBox", ["flag"]),
        ("valueType eq AdminEntered", []),
    ],
)
async def test_a_list_is_filtered(
    shop: Shop, path: str, many: list[dict[str, Any]], condition: str, found: list[str]
) -> None:
    assert codes(await shop.get(path, params={"filter": condition})) == found
    sequence = f"attributeSequence eq {many[4]['id']}"
    assert codes(await shop.get(path, params={"filter": sequence})) == ["Code-04"]


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"filter": "shoeSize eq 43"}, "filter"),
        ({"filter": "order eq many"}, "filter"),
        ({"filter": "isActive sw t"}, "filter"),
        ({"sortBy": "validation"}, "sortBy"),
        ({"pageSize": -1}, "pageSize"),
        ({"startIndex": "x"}, "startIndex"),
        ({"cursor": "x"}, "cursor"),
        ({"responseFields": "items("}, "responseFields"),
    ],
)
async def test_a_question_that_cannot_be_is_refused(
    shop: Shop, path: str, parameters: dict[str, Any], parameter: str
) -> None:
    assert fault(await shop.get(path, params=parameters)) == (400, INVALID, parameter)


async def test_fields_are_chosen(shop: Shop, path: str) -> None:
    await define(shop, body(), path=path)

    page = await shop.get(path, params={"responseFields": "items(attributeFQN,validation.maxStringLength)"})
    one = await shop.get(f"{path}/tenant~color", params={"responseFields": "ATTRIBUTEFQN"})

    assert page.json() == {"items": [{"attributeFQN": "tenant~color", "validation": {"maxStringLength": None}}]}
    assert one.json() == {"attributeFQN": "tenant~color"}
