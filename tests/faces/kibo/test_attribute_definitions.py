"""Definitions of custom attributes through the Kibo face (Kibo behaviour 9.1)."""

import asyncio
from typing import Any

import httpx
import pytest

from attribute_samples import B2B_DEFINITIONS, DEFINITIONS, ORDER_DEFINITIONS, body, define, list_body
from patron.kernel.db import Database
from shops import ACCOUNTS, Shop, fault, open_shop

INVALID = "MISSING_OR_INVALID_PARAMETER"


@pytest.fixture(
    params=[DEFINITIONS, B2B_DEFINITIONS, ORDER_DEFINITIONS], ids=["of B2C accounts", "of B2B accounts", "of orders"]
)
def path(request: pytest.FixtureRequest) -> str:
    """What holds for the definitions of every family."""
    return str(request.param)


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["attributeCode"] for item in answer.json()["items"]]


FULL = {
    "adminName": "Shoe size",
    "attributeCode": "Shoe-Size_2",
    "attributeMetadata": [{"key": "erp", "value": "Z17"}],
    "availableForDiscounts": True,
    "availableForOrderRouting": True,
    "content": {"localeCode": "en-US", "value": "Your shoe size"},
    "dataType": "Number",
    "displayGroup": "AdminAndStorefront",
    "inputType": "TextBox",
    "isActive": False,
    "isMultiValued": False,
    "isReadOnly": False,
    "isRequired": True,
    "isVisible": False,
    "namespace": "Shop",
    "order": 7,
    "validation": {
        "maxDateTime": "2026-12-31T22:00:00.000Z",
        "maxNumericValue": 52.5,
        "maxStringLength": 9,
        "minDateTime": "2020-01-01T00:00:00.000Z",
        "minNumericValue": 15,
        "minStringLength": 2,
        "regularExpression": "^[0-9.]+$",
    },
    "valueType": "AdminEntered",
}


async def test_a_definition_is_kept_as_it_was_made(shop: Shop, path: str) -> None:
    made = await shop.post(path, {**FULL, "id": 9, "attributeFQN": "other~name"})

    assert made.status_code == 201
    read = await shop.get(f"{path}/shop~SHOE-SIZE_2")
    assert read.status_code == 200
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"]
    own = read.json()
    assert {name: own[name] for name in FULL} == FULL
    assert own["attributeFQN"] == "Shop~Shoe-Size_2"
    assert own["vocabularyValues"] == []
    assert own["id"] > 0
    assert own["auditInfo"]["createBy"] == shop.client_id


async def test_the_path_takes_the_tilde_as_it_is_and_escaped_in_any_case(shop: Shop, path: str) -> None:
    (made,) = await define(shop, body("Color"), path=path)

    for name in ("tenant~Color", "TENANT~color", "tenant%7Ecolor", "tenant%7eCOLOR"):
        assert (await shop.get(f"{path}/{name}")).json() == made
        assert (await shop.get(f"{path}/{name}/")).json() == made
    vocabulary = await shop.get(f"{path.upper().replace('/API', '/api')}/tenant~color/vocabularyvalues")
    assert (vocabulary.status_code, vocabulary.json()) == (200, [])


async def test_the_families_do_not_know_each_other(shop: Shop) -> None:
    await define(shop, body("color"))

    for other in (B2B_DEFINITIONS, ORDER_DEFINITIONS):
        assert fault(await shop.get(f"{other}/tenant~color"))[:2] == (404, "ITEM_NOT_FOUND")
        assert (await shop.get(other)).json()["totalCount"] == 0
        await define(shop, body("color", dataType="Number"), path=other)
    assert (await shop.get(f"{DEFINITIONS}/tenant~color")).json()["dataType"] == "String"


@pytest.mark.parametrize("name", ["tenant~unknown", "unknown", "~", "a~b~c", "tenant~%00", "tenant~%F0%9F", "x" * 400])
async def test_an_unknown_definition_is_not_found(shop: Shop, path: str, name: str) -> None:
    for answer in (
        await shop.get(f"{path}/{name}"),
        await shop.get(f"{path}/{name}/VocabularyValues"),
        await shop.put(f"{path}/{name}", body()),
    ):
        assert fault(answer)[:2] == (404, "ITEM_NOT_FOUND")


async def test_a_name_in_use_is_refused_in_any_case(shop: Shop, path: str) -> None:
    await define(shop, body("color"), body("color", namespace="other"), path=path)

    for again in (body("COLOR"), body("color", namespace="Tenant")):
        assert fault(await shop.post(path, again))[:2] == (409, "ITEM_ALREADY_EXISTS")
    assert (await shop.get(path)).json()["totalCount"] == 2


async def test_of_many_that_define_the_same_one_wins(shop: Shop, path: str) -> None:
    answers = await asyncio.gather(*(shop.post(path, body("color")) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"attributeCode": None}, "attributeCode"),
        ({"attributeCode": " "}, "attributeCode"),
        ({"attributeCode": "a~b"}, "attributeCode"),
        ({"attributeCode": "x" * 51}, "attributeCode"),
        ({"displayGroup": None}, "displayGroup"),
        ({"displayGroup": "Everyone"}, "displayGroup"),
        ({"valueType": None}, "valueType"),
        ({"valueType": "Guessed"}, "valueType"),
        ({"dataType": "ProductCode"}, "dataType"),
        ({"inputType": "Slider"}, "inputType"),
        ({"namespace": "my shop"}, "namespace"),
        ({"namespace": "x" * 201}, "namespace"),
        ({"adminName": "x" * 51}, "adminName"),
        ({"adminName": 7}, "adminName"),
        ({"isActive": "yes"}, "isActive"),
        ({"order": 1.5}, "order"),
        ({"order": 2**63}, "order"),
        ({"content": {"localeCode": "x" * 9}}, "content"),
        ({"content": {"value": "x" * 101}}, "content"),
        ({"content": "Color"}, "content"),
        ({"attributeMetadata": [{"key": "a"}]}, "attributeMetadata"),
        ({"attributeMetadata": [{"key": "x" * 51, "value": "y"}]}, "attributeMetadata"),
        ({"attributeMetadata": [{"key": "pan", "value": "4111111111111111"}]}, "attributeMetadata"),
        ({"vocabularyValues": [{"value": "x" * 51}]}, "vocabularyValues"),
        ({"vocabularyValues": [{"content": {"localeCode": "en", "value": "Red"}}]}, "vocabularyValues"),
        ({"vocabularyValues": [{"value": "red", "content": {"localeCode": "en"}}]}, "vocabularyValues"),
        ({"vocabularyValues": [{"value": "red"}, {"value": "Red"}]}, "vocabularyValues"),
        ({"validation": {"minStringLength": 3, "maxStringLength": 2}}, "validation"),
        ({"validation": {"minStringLength": -1}}, "validation"),
        ({"validation": {"minNumericValue": 2, "maxNumericValue": 1.5}}, "validation"),
        ({"validation": {"minDateTime": "2026-01-02", "maxDateTime": "2026-01-01"}}, "validation"),
        ({"validation": {"minDateTime": "soon"}}, "validation.minDateTime"),
        ({"validation": {"regularExpression": "("}}, "regularExpression"),
        ({"validation": {"regularExpression": "(?=a)b"}}, "regularExpression"),
        ({"validation": {"regularExpression": "(a{99}){99}"}}, "regularExpression"),
        ({"validation": {"regularExpression": "x" * 201}}, "regularExpression"),
    ],
)
async def test_a_wrong_field_is_named(shop: Shop, fields: dict[str, Any], parameter: str) -> None:
    assert fault(await shop.post(DEFINITIONS, {**body(), **fields})) == (400, INVALID, parameter)
    assert (await shop.get(DEFINITIONS)).json()["totalCount"] == 0


async def test_all_wrong_fields_are_named_at_once(shop: Shop) -> None:
    answer = await shop.post(DEFINITIONS, {"adminName": "x" * 51, "dataType": "Odd"})

    named = [data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]]
    assert sorted(named) == ["adminName", "attributeCode", "dataType", "displayGroup", "valueType"]


@pytest.mark.parametrize(
    "fields",
    [
        {"inputType": "YesNo"},
        {"inputType": "TextArea", "dataType": "Number"},
        {"inputType": "Date", "dataType": "String"},
        {"inputType": "TextBox", "dataType": "Bool"},
        {"inputType": "List"},
        {"valueType": "Predefined"},
        {"valueType": "Predefined", "inputType": "List"},
        {"valueType": "AdminEntered", "vocabularyValues": [{"value": "red"}]},
        {"displayGroup": "Admin"},
        {"isMultiValued": True},
    ],
)
async def test_types_that_do_not_go_together_are_refused(shop: Shop, path: str, fields: dict[str, Any]) -> None:
    assert fault(await shop.post(path, {**body(), **fields}))[:2] == (409, "VALIDATION_CONFLICT")
    assert (await shop.get(path)).json()["totalCount"] == 0


async def test_types_are_read_in_any_case_and_written_in_one(shop: Shop, path: str) -> None:
    spelled = {
        "dataType": "STRING",
        "inputType": "list",
        "valueType": "PreDefined",
        "displayGroup": "adminandstorefront",
    }
    (made,) = await define(shop, list_body("color", "red", **spelled), path=path)

    assert {name: made[name] for name in spelled} == {
        "dataType": "String",
        "inputType": "List",
        "valueType": "Predefined",
        "displayGroup": "AdminAndStorefront",
    }


async def test_a_vocabulary_is_listed_in_its_order(shop: Shop, path: str) -> None:
    label = {"localeCode": "de", "value": "Rot"}
    words = [{"value": "red", "sequence": 9, "isHidden": True, "content": label}, {"value": "green"}]
    await define(shop, body(valueType="Predefined", inputType="List", vocabularyValues=words), path=path)

    answer = await shop.get(f"{path}/tenant~color/VocabularyValues", params={"responseGroups": "VocabularyValues"})

    assert answer.json() == [
        {
            "value": "green",
            "sequence": 2,
            "isHidden": False,
            "content": {"localeCode": "en-US", "value": "green"},
        },
        {"value": "red", "sequence": 9, "isHidden": True, "content": label},
    ]
    thin = await shop.get(f"{path}/tenant~color/VocabularyValues", params={"responseFields": "value"})
    assert thin.json() == [{"value": "green"}, {"value": "red"}]


async def test_put_replaces_all_but_names_and_types(shop: Shop, path: str) -> None:
    made = (await define(shop, FULL, path=path))[0]
    url = f"{path}/{made['attributeFQN']}"

    put = await shop.put(
        url, {"attributeCode": "other", "namespace": "other", "displayGroup": "admin", "valueType": "adminentered"}
    )

    assert put.status_code == 200
    after = put.json()
    assert after == (await shop.get(url)).json()
    kept = ("id", "attributeCode", "namespace", "attributeFQN", "dataType", "inputType", "valueType")
    assert {name: after[name] for name in kept} == {name: made[name] for name in kept}
    assert (after["adminName"], after["order"], after["isActive"], after["isVisible"]) == (None, None, True, True)
    assert after["displayGroup"] == "Admin"
    assert after["attributeMetadata"] == []
    assert set(after["validation"].values()) == set(after["content"].values()) == {None}


async def test_what_was_read_can_be_written_back(shop: Shop, path: str) -> None:
    made = (await define(shop, list_body("color", "red", "green"), path=path))[0]

    again = await shop.put(f"{path}/tenant~color", made)

    changed = {"auditInfo": again.json()["auditInfo"]}
    assert again.json() == {**made, **changed}


@pytest.mark.parametrize(
    "fields",
    [{"dataType": "Number"}, {"inputType": "TextArea"}, {"valueType": "AdminEntered"}, {"valueType": "Predefined"}],
)
async def test_types_cannot_change(shop: Shop, path: str, fields: dict[str, Any]) -> None:
    await define(shop, body(), path=path)

    assert fault(await shop.put(f"{path}/tenant~color", {**body(), **fields}))[:2] == (409, "VALIDATION_CONFLICT")


async def test_read_only_cannot_be_undone(shop: Shop, path: str) -> None:
    await define(shop, body(isReadOnly=True), path=path)
    url = f"{path}/tenant~color"

    assert (await shop.put(url, body())).json()["isReadOnly"] is True
    assert fault(await shop.put(url, body(isReadOnly=False)))[:2] == (409, "VALIDATION_CONFLICT")


async def test_a_wrong_field_of_a_change_is_named(shop: Shop, path: str) -> None:
    await define(shop, body(), path=path)
    url = f"{path}/tenant~color"

    assert fault(await shop.put(url, {"valueType": "ShopperEntered"})) == (400, INVALID, "displayGroup")
    assert fault(await shop.put(url, body(dataType="Odd"))) == (400, INVALID, "dataType")
    assert fault(await shop.call("PUT", url)) == (400, INVALID, "body")
    assert (await shop.get(url)).json()["displayGroup"] == "AdminAndStorefront"


async def test_a_stale_change_is_refused(shop: Shop, path: str) -> None:
    await define(shop, body(), path=path)
    url = f"{path}/tenant~color"
    old = (await shop.get(url)).headers["etag"]
    newer = await shop.put(url, body(adminName="Color"), headers={"If-Match": old})

    assert newer.status_code == 200
    assert fault(await shop.put(url, body(), headers={"If-Match": old}))[:2] == (412, "PRECONDITION_FAILED")
    assert (await shop.get(url, headers={"If-None-Match": newer.headers["etag"]})).status_code == 304


async def test_a_repeated_creation_gets_the_first_answer(shop: Shop, path: str) -> None:
    key = {"Idempotency-Key": "definition-1"}
    first, second = [await shop.post(path, body(), headers=key) for _ in range(2)]

    assert (second.status_code, second.content) == (201, first.content)
    assert (await shop.get(path)).json()["totalCount"] == 1


async def test_a_word_in_use_cannot_be_removed(shop: Shop) -> None:
    await define(shop, list_body("color", "red", "green", "blue", isMultiValued=True))
    account = await shop.account(attributes=[{"fullyQualifiedName": "tenant~color", "values": ["green", "red"]}])
    url = f"{DEFINITIONS}/tenant~color"

    assert (await shop.put(url, list_body("color", "red", "green", isMultiValued=True))).status_code == 200
    for left in (["red"], ["RED", "green"]):
        answer = await shop.put(url, list_body("color", *left, isMultiValued=True))
        assert fault(answer)[:2] == (409, "VALIDATION_CONFLICT")
    single = await shop.put(url, list_body("color", "red", "green"))
    assert fault(single)[:2] == (409, "VALIDATION_CONFLICT")
    assert len((await shop.get(url)).json()["vocabularyValues"]) == 2

    assert (await shop.delete(f"{ACCOUNTS}/{account['id']}/attributes/tenant~color")).status_code == 204
    assert (await shop.put(url, list_body("color", "blue"))).status_code == 200


async def test_a_number_in_use_cannot_be_removed(shop: Shop) -> None:
    await define(shop, list_body("size", "38", "38.50", "40", dataType="Number"))
    await shop.account(attributes=[{"fullyQualifiedName": "tenant~size", "values": [38.5]}])
    url = f"{DEFINITIONS}/tenant~size"

    assert fault(await shop.put(url, list_body("size", "38", dataType="Number")))[:2] == (409, "VALIDATION_CONFLICT")
    assert (await shop.put(url, list_body("size", "38.50", dataType="Number"))).status_code == 200


async def test_changes_are_recorded(shop: Shop, database: Database) -> None:
    await define(shop, body())
    await shop.put(f"{DEFINITIONS}/tenant~color", body(adminName="Color"))
    await shop.put(f"{DEFINITIONS}/tenant~color", body(adminName="Color"))

    rows = await database.session().fetch(
        "select topic, subject, changes from event where tenant_id = $1 order by id", shop.tenant_id
    )

    assert [(row["topic"], row["subject"]) for row in rows] == [
        ("definition.created", "definition/customer/tenant~color"),
        ("definition.updated", "definition/customer/tenant~color"),
    ]
    assert rows[1]["changes"] == {"admin_name": [None, "Color"]}


async def test_definitions_of_another_tenant_are_unknown(shop: Shop, other_shop: Shop, path: str) -> None:
    await define(shop, body(), path=path)

    assert (await other_shop.get(path)).json()["totalCount"] == 0
    assert fault(await other_shop.get(f"{path}/tenant~color"))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await other_shop.put(f"{path}/tenant~color", body()))[:2] == (404, "ITEM_NOT_FOUND")
    await define(other_shop, body(dataType="Number"), path=path)
    assert (await shop.get(f"{path}/tenant~color")).json()["dataType"] == "String"


async def test_each_call_needs_its_behavior(http: httpx.AsyncClient, database: Database, path: str) -> None:
    whose = "order" if path == ORDER_DEFINITIONS else "customer"
    reader = await open_shop(http, database, (f"{whose}-attribute:read",))
    writer = await open_shop(http, database, (f"{whose}-attribute:update",))

    assert (await reader.get(path)).status_code == 200
    assert fault(await reader.post(path, body()))[:2] == (403, "FORBIDDEN")
    await define(writer, body(), path=path)
    for url in (path, f"{path}/tenant~color", f"{path}/tenant~color/VocabularyValues"):
        assert fault(await writer.get(url))[:2] == (403, "FORBIDDEN")


async def test_shoppers_read_what_is_not_the_staffs_and_write_nothing(shop: Shop, path: str) -> None:
    staffs = body("vip", displayGroup="Admin", valueType="AdminEntered")
    await define(shop, list_body("color", "red"), staffs, path=path)
    token = (await shop.shopper())["accessToken"]

    assert codes(await shop.get(path, shopper=token)) == ["color"]
    assert (await shop.get(f"{path}/tenant~color", shopper=token)).json()["attributeCode"] == "color"
    assert len((await shop.get(f"{path}/tenant~color/VocabularyValues", shopper=token)).json()) == 1
    for url in (f"{path}/tenant~vip", f"{path}/tenant~vip/VocabularyValues"):
        assert fault(await shop.get(url, shopper=token))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await shop.post(path, body("size"), shopper=token))[:2] == (403, "FORBIDDEN")
    assert fault(await shop.put(f"{path}/tenant~color", body(), shopper=token))[:2] == (403, "FORBIDDEN")
