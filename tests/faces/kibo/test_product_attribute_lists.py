"""Lists of product attributes and of type rules through the Kibo face: pages, order, filter, fields, statements."""

from typing import Any

import httpx
import pytest

from product_samples import PRODUCT_ATTRIBUTES, attribute, define, text_box
from shops import Shop, fault
from statements import Counting, Watch

INVALID = "MISSING_OR_INVALID_PARAMETER"
RULES = f"{PRODUCT_ATTRIBUTES}/typerules"


@pytest.fixture
async def many(shop: Shop) -> list[dict[str, Any]]:
    """Six lists and a text box."""
    lists = [attribute(f"Code-{n}", f"word {n}", adminName=f"Name {n}", isExtra=n % 2 == 0) for n in range(6)]
    origin = text_box(adminName="Made in", content={"localeCode": "de", "name": "Herkunft"})
    return await define(shop, *lists, origin)


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["attributeCode"] for item in answer.json()["items"]]


async def test_a_list_pages_in_the_order_of_the_sequence(shop: Shop, many: list[dict[str, Any]]) -> None:
    first = await shop.get(PRODUCT_ATTRIBUTES, params={"pageSize": 3})
    second = await shop.get(PRODUCT_ATTRIBUTES, params={"pageSize": 3, "startIndex": 3})
    last = await shop.get(PRODUCT_ATTRIBUTES, params={"pageSize": 3, "cursor": second.json()["nextCursor"]})

    assert codes(first) + codes(second) + codes(last) == [*(f"Code-{n}" for n in range(6)), "origin"]
    assert [first.json()[name] for name in ("startIndex", "pageSize", "totalCount", "pageCount")] == [0, 3, 7, 3]
    assert last.json()["nextCursor"] is None
    assert [one for page in (first, second, last) for one in page.json()["items"]] == many
    assert codes(await shop.get(PRODUCT_ATTRIBUTES, params={"pageSize": 0})) == []


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("attributeCode desc", "origin"),
        ("attributeFQN", "Code-0"),
        ("attributeSequence desc", "origin"),
        ("isExtra,adminName desc", "Code-5"),
        ("adminName", "origin"),
        ("createDate desc, attributeSequence desc", "origin"),
    ],
)
async def test_a_list_is_sorted(shop: Shop, many: list[dict[str, Any]], order: str, first: str) -> None:
    assert codes(await shop.get(PRODUCT_ATTRIBUTES, params={"sortBy": order}))[0] == first


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("attributeFQN eq TENANT~code-3", ["Code-3"]),
        ("attributeCode sw code-3", ["Code-3"]),
        ("isExtra eq true and isOption eq true", ["Code-0", "Code-2", "Code-4"]),
        ("isProperty eq true", ["origin"]),
        ("inputType eq textbox", ["origin"]),
        ("adminName cont made", ["origin"]),
        ("content.name eq herkunft", ["origin"]),
        ("vocabularyValues.value eq 'WORD 2'", ["Code-2"]),
        ("availableForOrderRouting eq true", []),
    ],
)
async def test_a_list_is_filtered(shop: Shop, many: list[dict[str, Any]], condition: str, found: list[str]) -> None:
    assert codes(await shop.get(PRODUCT_ATTRIBUTES, params={"filter": condition})) == found
    sequence = f"attributeSequence eq {many[4]['attributeSequence']}"
    assert codes(await shop.get(PRODUCT_ATTRIBUTES, params={"filter": sequence})) == ["Code-4"]


@pytest.mark.parametrize("path", [PRODUCT_ATTRIBUTES, RULES])
@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"filter": "shoeSize eq 43"}, "filter"),
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


async def test_a_list_costs_one_statement_and_vocabularies_only_where_they_are_wanted(
    shop: Shop, many: list[dict[str, Any]], statements: Watch
) -> None:
    for size in (1, 7):
        with Counting(statements) as counting:
            await shop.get(PRODUCT_ATTRIBUTES, params={"pageSize": size})
        assert len(counting.heard) == 1
    with Counting(statements) as counting:
        thin = await shop.get(PRODUCT_ATTRIBUTES, params={"responseFields": "items(attributeCode,content.name)"})
    assert thin.json()["items"][0] == {"attributeCode": "Code-0", "content": {"name": "Name 0"}}
    assert "product_value" not in "".join(counting.heard)


async def test_a_change_costs_as_much_however_many_values_there_are(shop: Shop, statements: Watch) -> None:
    costs = []
    for code, size in (("small", 2), ("large", 300)):
        words = [{"value": f"{n}", "content": {"localeCode": "de", "stringValue": f"{n}"}} for n in range(size)]
        with Counting(statements) as counting:
            await define(shop, attribute(code, vocabularyValues=words))
            await shop.put(f"{PRODUCT_ATTRIBUTES}/tenant~{code}/VocabularyValues", [{"value": "1"}, *words[2:]])
        costs.append(len(counting.heard))

    assert costs[0] == costs[1] < 30


async def test_type_rules_say_what_goes_together(shop: Shop) -> None:
    rules = (await shop.get(RULES)).json()

    assert (rules["totalCount"], len(rules["items"])) == (13, 13)
    assert rules["items"][0] == {
        "attributeUsageType": "Option",
        "attributeDataType": "String",
        "attributeInputType": "List",
        "attributeValueType": "Predefined",
    }
    extras = await shop.get(RULES.upper().replace("/API", "/api"), params={"filter": "attributeUsageType eq extra"})
    assert {one["attributeDataType"] for one in extras.json()["items"]} == {"ProductCode", "String", "Bool"}
    last = await shop.get(RULES, params={"sortBy": "attributeUsageType desc,attributeDataType", "pageSize": 2})
    assert [one["attributeDataType"] for one in last.json()["items"]] == ["Bool", "DateTime"]
    rest = await shop.get(
        RULES, params={"pageSize": 12, "cursor": (await shop.get(RULES, params={"pageSize": 1})).json()["nextCursor"]}
    )
    assert rest.json()["items"] == rules["items"][1:]


async def test_every_rule_makes_an_attribute(shop: Shop) -> None:
    rules = (await shop.get(RULES)).json()["items"]

    for number, rule in enumerate(rules):
        types = {name: rule[f"attribute{name[0].upper()}{name[1:]}"] for name in ("dataType", "inputType", "valueType")}
        await define(shop, {"attributeCode": f"a{number}", f"is{rule['attributeUsageType']}": True, **types})
