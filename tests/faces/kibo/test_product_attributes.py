"""Product attributes through the Kibo face: the whole attribute (Kibo behaviour 9.4)."""

import asyncio
from typing import Any

import pytest

from patron.kernel.db import Database
from product_samples import COLOR, PRODUCT_ATTRIBUTES, attribute, content, define, text_box
from shops import Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"

FULL = {
    "adminName": "Colour",
    "attributeCode": "Color_1",
    "attributeMetadata": [{"key": "erp", "value": "C"}],
    "availableForOrderRouting": True,
    "dataType": "String",
    "inputType": "List",
    "isExtra": True,
    "isOption": True,
    "isProperty": False,
    "isValueMappingAttribute": False,
    "localizedContent": [
        {"localeCode": "de-DE", "name": "Farbe", "description": None},
        {"localeCode": "en-US", "name": "Colour", "description": "What it looks like"},
    ],
    "namespace": "Shop",
    "searchSettings": {
        "allowFilteringAndSortingInStorefront": True,
        "customWeightInStorefrontSearch": None,
        "indexValueWithCase": False,
        "searchDisplayValue": True,
        "searchableInAdmin": False,
        "searchableInStorefront": True,
    },
    "validation": {
        "maxDateValue": "2026-12-31T22:00:00.000Z",
        "maxNumericValue": 52.5,
        "maxStringLength": 9,
        "minDateValue": "2020-01-01T00:00:00.000Z",
        "minNumericValue": 15,
        "minStringLength": 2,
        "regularExpression": "^[a-z]+$",
    },
    "valueType": "Predefined",
}


async def test_an_attribute_is_kept_as_it_was_made(shop: Shop) -> None:
    words = [{"value": "red", "displayOrder": 4, "productName": "Rouge", "localizedContent": []}, {"value": "green"}]
    servers = {"attributeFQN": "x~y", "attributeSequence": 9**9, "attributeDataTypeSequence": 9, "masterCatalogId": 9}

    made = await shop.post(PRODUCT_ATTRIBUTES, {**FULL, **servers, "vocabularyValues": words})

    assert made.status_code == 201, made.text
    read = await shop.get(f"{PRODUCT_ATTRIBUTES}/SHOP~color_1")
    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"]
    own = read.json()
    assert {name: own[name] for name in FULL} == FULL
    assert (own["attributeFQN"], own["masterCatalogId"]) == ("Shop~Color_1", 1)
    assert 0 < own["attributeSequence"] == own["attributeDataTypeSequence"] < 9**9
    assert own["content"] == FULL["localizedContent"][1]
    assert own["auditInfo"]["createBy"] == shop.client_id
    green, red = own["vocabularyValues"]
    assert (green["value"], green["displayOrder"]) == ("green", 2)
    assert red | {"valueSequence": 0} == {
        "value": "red",
        "valueSequence": 0,
        "displayOrder": 4,
        "productName": "Rouge",
        "mappedGenericValues": [],
        "content": {"localeCode": "en-US", "stringValue": "red"},
        "localizedContent": [{"localeCode": "en-US", "stringValue": "red"}],
    }
    assert red["valueSequence"] < green["valueSequence"]


async def test_sequences_rise(shop: Shop) -> None:
    first, second = await define(shop, attribute("a"), attribute("b"))

    assert first["attributeSequence"] < second["attributeSequence"]


async def test_without_a_code_an_attribute_is_named_by_its_sequence(shop: Shop) -> None:
    (made,) = await define(shop, attribute(None))

    assert made["attributeCode"] == made["adminName"] == str(made["attributeSequence"])
    assert made["content"]["name"] == made["attributeCode"]
    assert (await shop.get(f"{PRODUCT_ATTRIBUTES}/{made['attributeFQN']}")).json() == made


async def test_one_attribute_may_have_several_uses(shop: Shop) -> None:
    (made,) = await define(shop, attribute(isProperty=True, isExtra=True))

    assert (made["isOption"], made["isProperty"], made["isExtra"]) == (True, True, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"isOption": True, "dataType": "Number"},
        {"isProperty": True, "dataType": "Number"},
        {"isProperty": True, "inputType": "TextBox", "valueType": "AdminEntered"},
        {"isProperty": True, "inputType": "TextBox", "valueType": "AdminEntered", "dataType": "Number"},
        {"isProperty": True, "inputType": "TextArea", "valueType": "AdminEntered"},
        {"isProperty": True, "inputType": "YesNo", "valueType": "AdminEntered", "dataType": "Bool"},
        {"isProperty": True, "inputType": "DateTime", "valueType": "AdminEntered", "dataType": "DateTime"},
        {"isExtra": True, "dataType": "ProductCode"},
        {"isExtra": True, "inputType": "textbox", "valueType": "SHOPPERENTERED", "dataType": "string"},
        {"isExtra": True, "inputType": "YesNo", "valueType": "ShopperEntered", "dataType": "Bool"},
        {"isValueMappingAttribute": True},
    ],
)
async def test_types_that_go_together_are_taken(shop: Shop, fields: dict[str, Any]) -> None:
    await define(shop, {**attribute(), "isOption": None, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"isExtra": True, "dataType": "Number"},
        {"dataType": "ProductCode"},
        {"inputType": "TextBox"},
        {"valueType": "AdminEntered"},
        {"dataType": "Bool", "inputType": "YesNo", "valueType": "AdminEntered"},
        {"isOption": False, "isValueMappingAttribute": True, "inputType": "TextBox"},
        {**text_box(), "vocabularyValues": [{"value": "red"}]},
    ],
)
async def test_types_that_do_not_go_together_are_refused(shop: Shop, fields: dict[str, Any]) -> None:
    assert fault(await shop.post(PRODUCT_ATTRIBUTES, {**attribute(), **fields}))[:2] == (409, "VALIDATION_CONFLICT")
    assert (await shop.get(PRODUCT_ATTRIBUTES)).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"namespace": "my shop"}, "namespace"),
        ({"namespace": "x" * 201}, "namespace"),
        ({"attributeCode": "a~b"}, "attributeCode"),
        ({"attributeCode": "x" * 51}, "attributeCode"),
        ({"adminName": "x" * 51}, "adminName"),
        ({"dataType": None}, "dataType"),
        ({"dataType": "x" * 21}, "dataType"),
        ({"inputType": "Date"}, "inputType"),
        ({"valueType": "Guessed"}, "valueType"),
        ({"isOption": None}, "isProperty"),
        ({"isOption": "yes"}, "isOption"),
        ({"attributeMetadata": [{"key": "a"}]}, "attributeMetadata"),
        ({"attributeMetadata": [{"key": "pan", "value": "4111111111111111"}]}, "attributeMetadata"),
        ({"validation": {"minNumericValue": 2, "maxNumericValue": 1}}, "validation"),
        ({"validation": {"minDateValue": "soon"}}, "validation.minDateValue"),
        ({"validation": {"regularExpression": "(?=a)b"}}, "regularExpression"),
        ({"validation": {"regularExpression": "x" * 201}}, "regularExpression"),
        ({"valueMappingAttributeFQN": "colour"}, "valueMappingAttributeFQN"),
        ({"content": {"name": "x" * 201}}, "content.name"),
        ({"content": {"localeCode": "english?", "name": "x"}}, "content.localeCode"),
        ({"localizedContent": [{"localeCode": "en"}]}, "localizedContent[0].name"),
        ({"localizedContent": [{"name": "x"}]}, "localizedContent[0].localeCode"),
        ({"localizedContent": [{"localeCode": "en-US-x-" + "y" * 9, "name": "x"}]}, "localizedContent[0].localeCode"),
        ({"localizedContent": [{"localeCode": "en", "name": "x", "description": "x" * 4001}]},
         "localizedContent[0].description"),
        ({"localizedContent": [{"localeCode": "en", "name": "x", "description": "4111-1111-1111-1111"}]},
         "localizedContent[0].description"),
        ({"localizedContent": [{"localeCode": "en", "name": "x"}, {"localeCode": "EN", "name": "y"}]},
         "localizedContent"),
        ({"localizedContent": [{"localeCode": "en", "name": "x"}] * 101}, "localizedContent"),
        ({"vocabularyValues": [{}]}, "vocabularyValues[0].value"),
        ({"vocabularyValues": [{"value": "red"}, {"value": 7}]}, "vocabularyValues[1].value"),
        ({"vocabularyValues": [{"value": "x" * 201}]}, "vocabularyValues[0].value"),
        ({"vocabularyValues": [{"value": "\ufdfa" * 200}]}, "vocabularyValues[0].value"),
        ({"vocabularyValues": [{"value": "red"}, {"value": "RED"}]}, "vocabularyValues"),
        ({"vocabularyValues": [{"value": str(n)} for n in range(1001)]}, "vocabularyValues"),
        ({"vocabularyValues": [{"value": "red", "displayOrder": -1}]}, "vocabularyValues[0].displayOrder"),
        ({"vocabularyValues": [{"value": "red", "productName": "x" * 201}]}, "vocabularyValues[0].productName"),
        ({"vocabularyValues": [{"value": "red", "content": {"localeCode": "?", "stringValue": "Red"}}]},
         "vocabularyValues[0].content.localeCode"),
        ({"vocabularyValues": [{"value": "red", "localizedContent": [{"localeCode": "de"}]}]},
         "vocabularyValues[0].localizedContent[0].stringValue"),
        ({"vocabularyValues": [{"value": "red", "mappedGenericValues": [{}]}]},
         "vocabularyValues[0].mappedGenericValues"),
        ({"vocabularyValues": [{"value": "red", "mappedGenericValues": ["x"] * 101}]},
         "vocabularyValues[0].mappedGenericValues"),
    ],
)  # fmt: skip
async def test_a_wrong_field_is_named(shop: Shop, fields: dict[str, Any], parameter: str) -> None:
    assert fault(await shop.post(PRODUCT_ATTRIBUTES, {**attribute(), **fields})) == (400, INVALID, parameter)
    assert (await shop.get(PRODUCT_ATTRIBUTES)).json()["totalCount"] == 0


async def test_all_wrong_fields_are_named_at_once(shop: Shop) -> None:
    answer = await shop.post(PRODUCT_ATTRIBUTES, {"adminName": "x" * 51, "namespace": " a b "})

    named = [data["value"] for item in answer.json()["items"] for data in item["additionalErrorData"]]
    assert sorted(named) == ["adminName", "dataType", "inputType", "isProperty", "namespace", "valueType"]


async def test_a_name_in_use_is_refused_in_any_case(shop: Shop) -> None:
    await define(shop, attribute(), attribute(namespace="other"))

    for again in (attribute("COLOR"), attribute(namespace="Tenant")):
        assert fault(await shop.post(PRODUCT_ATTRIBUTES, again))[:2] == (409, "ITEM_ALREADY_EXISTS")
    answers = await asyncio.gather(*(shop.post(PRODUCT_ATTRIBUTES, attribute("size")) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


@pytest.mark.parametrize("name", ["tenant~unknown", "unknown", "~", "a~b~c", "tenant~%00", "x" * 400])
async def test_an_unknown_attribute_is_not_found(shop: Shop, name: str) -> None:
    url = f"{PRODUCT_ATTRIBUTES}/{name}"
    word, label = f"{url}/VocabularyValues", f"{url}/LocalizedContent"
    calls = [
        ("GET", url, None), ("PUT", url, attribute()), ("DELETE", url, None),
        ("GET", word, None), ("POST", word, {"value": "x"}), ("PUT", word, []),
        ("GET", label, None), ("POST", label, {"localeCode": "de", "name": "x"}), ("PUT", label, []),
        ("GET", f"{label}/de", None), ("DELETE", f"{word}/x", None), ("GET", f"{word}/x/LocalizedContent", None),
    ]  # fmt: skip
    for method, path, body in calls:
        assert fault(await shop.call(method, path, json=body))[:2] == (404, "ITEM_NOT_FOUND")


async def test_put_replaces_but_keeps_names_types_and_what_has_calls_of_its_own(shop: Shop) -> None:
    made = (await shop.post(PRODUCT_ATTRIBUTES, {**FULL, "vocabularyValues": [{"value": "red"}]})).json()
    url = f"{PRODUCT_ATTRIBUTES}/{made['attributeFQN']}"

    put = await shop.put(url, {"attributeCode": "other", "namespace": "other", "attributeSequence": 1})

    assert put.status_code == 200
    after = put.json()
    assert after == (await shop.get(url)).json()
    stays = ("attributeFQN", "attributeSequence", "dataType", "inputType", "valueType", "isOption", "isExtra")
    for name in (*stays, "localizedContent", "vocabularyValues"):
        assert after[name] == made[name], name
    assert (after["adminName"], after["attributeMetadata"]) == ("Color_1", [])
    assert after["availableForOrderRouting"] is False
    assert set(after["validation"].values()) == {None}
    assert set(after["searchSettings"].values()) == {None, False}


async def test_metadata_is_replaced_wholesale(shop: Shop) -> None:
    await define(shop, attribute(attributeMetadata=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]))

    after = await shop.put(COLOR, attribute(attributeMetadata=[{"key": "c", "value": "3"}]))

    assert after.json()["attributeMetadata"] == [{"key": "c", "value": "3"}]


async def test_what_was_read_can_be_written_back(shop: Shop) -> None:
    (made,) = await define(shop, attribute("color", "red", "green", content={"localeCode": "de-DE", "name": "Farbe"}))

    again = await shop.put(COLOR, made)

    assert again.json() == {**made, "auditInfo": again.json()["auditInfo"]}


@pytest.mark.parametrize("fields", [{"dataType": "Number"}, {"inputType": "TextBox"}, {"valueType": "AdminEntered"}])
async def test_types_cannot_change(shop: Shop, fields: dict[str, Any]) -> None:
    await define(shop, attribute())

    assert fault(await shop.put(COLOR, attribute(**fields)))[:2] == (409, "VALIDATION_CONFLICT")


async def test_uses_come_and_go_but_one_stays_and_types_must_suit_it(shop: Shop) -> None:
    await define(shop, attribute())

    assert (await shop.put(COLOR, attribute(isOption=False, isExtra=True))).json()["isExtra"] is True
    assert fault(await shop.put(COLOR, attribute(isOption=False, isExtra=False))) == (400, INVALID, "isProperty")
    await define(shop, text_box())
    refused = await shop.put(f"{PRODUCT_ATTRIBUTES}/tenant~origin", text_box(isExtra=True))
    assert fault(refused)[:2] == (409, "VALIDATION_CONFLICT")


async def test_a_vocabulary_in_a_put_replaces_the_old_one(shop: Shop) -> None:
    (made,) = await define(shop, attribute("color", "red", "green"))
    red, _green = made["vocabularyValues"]

    after = (await shop.put(COLOR, attribute("color", "blue", "RED"))).json()

    assert [(one["value"], one["displayOrder"]) for one in after["vocabularyValues"]] == [("blue", 1), ("red", 2)]
    assert after["vocabularyValues"][1]["valueSequence"] == red["valueSequence"]
    assert after["vocabularyValues"][0]["valueSequence"] > red["valueSequence"]


async def test_an_attribute_is_deleted_with_all_below_it(shop: Shop, database: Database) -> None:
    await define(shop, attribute("color", "red"))

    gone = await shop.delete(COLOR)

    assert (gone.status_code, gone.content) == (204, b"")
    assert fault(await shop.get(COLOR))[:2] == fault(await shop.delete(COLOR))[:2] == (404, "ITEM_NOT_FOUND")
    for table in ("product_attribute_label", "product_value", "product_value_label"):
        left = await database.session().value(f"select count(*) from {table} where tenant_id = $1", shop.tenant_id)
        assert left == 0


async def test_stale_changes_are_refused_also_after_it_was_made_anew(shop: Shop) -> None:
    await define(shop, attribute())
    old = (await shop.get(COLOR)).headers["etag"]
    newer = await shop.put(COLOR, attribute(adminName="Colour"), headers={"If-Match": old})

    assert newer.status_code == 200
    assert (await shop.get(COLOR, headers={"If-None-Match": newer.headers["etag"]})).status_code == 304
    for answer in (
        await shop.put(COLOR, attribute(), headers={"If-Match": old}),
        await shop.delete(COLOR, headers={"If-Match": old}),
    ):
        assert fault(answer)[:2] == (412, "PRECONDITION_FAILED")
    assert (await shop.delete(COLOR, headers={"If-Match": newer.headers["etag"]})).status_code == 204
    await define(shop, attribute())
    assert (await shop.get(COLOR)).headers["etag"] not in (old, newer.headers["etag"])


async def test_a_repeated_creation_gets_the_first_answer(shop: Shop) -> None:
    key = {"Idempotency-Key": "attribute-1"}
    first, second = [await shop.post(PRODUCT_ATTRIBUTES, attribute(), headers=key) for _ in range(2)]

    assert (second.status_code, second.content) == (201, first.content)
    assert (await shop.get(PRODUCT_ATTRIBUTES)).json()["totalCount"] == 1


async def test_changes_are_recorded(shop: Shop, database: Database) -> None:
    await define(shop, attribute("color", "red"))
    await shop.put(COLOR, attribute("color", "red", adminName="Colour"))
    await shop.put(COLOR, attribute("color", "red", adminName="Colour"))
    await shop.delete(f"{COLOR}/VocabularyValues/red")
    await shop.delete(COLOR)

    rows = await database.session().fetch(
        "select topic, subject, changes from event where tenant_id = $1 order by id", shop.tenant_id
    )

    assert {row["subject"] for row in rows} == {"product_attribute/tenant~color"}
    verbs = ("created", "updated", "updated", "deleted")
    assert [row["topic"] for row in rows] == [f"product_attribute.{verb}" for verb in verbs]
    assert rows[1]["changes"] == {"admin_name": ["color", "Colour"]}
    word = {"position": 1, "product_name": None, "mapped": [], "labels": {"en-US": "red"}}
    assert rows[2]["changes"] == {"value/red": [word, None]}


async def test_attributes_of_another_tenant_are_unknown(shop: Shop, other_shop: Shop) -> None:
    await define(shop, attribute("color", "red"))

    assert (await other_shop.get(PRODUCT_ATTRIBUTES)).json()["totalCount"] == 0
    assert fault(await other_shop.get(COLOR))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await other_shop.delete(COLOR))[:2] == (404, "ITEM_NOT_FOUND")
    (theirs,) = await define(other_shop, attribute("color", "blue"))
    assert content([theirs["content"]], "name") == {"en-US": "color"}


async def test_shoppers_have_no_business_here(shop: Shop) -> None:
    await define(shop, attribute("color", "red"))
    token = (await shop.shopper())["accessToken"]

    for url in (PRODUCT_ATTRIBUTES, COLOR, f"{PRODUCT_ATTRIBUTES}/typerules", f"{COLOR}/VocabularyValues/red"):
        assert fault(await shop.get(url, shopper=token))[:2] == (403, "FORBIDDEN")
