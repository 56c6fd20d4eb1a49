"""The values of product attributes through the Kibo face, and what they are mapped to (Kibo behaviour 9.4)."""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from product_samples import COLOR, PRODUCT_ATTRIBUTES, attribute, content, define, text_box
from shops import Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"
WORDS = f"{COLOR}/VocabularyValues"


def values(answer: httpx.Response) -> list[Any]:
    assert answer.status_code < 300, answer.text
    return [one["value"] for one in answer.json()]


async def test_a_value_is_added_at_the_end_and_found_in_any_case(shop: Shop) -> None:
    await define(shop, attribute("color", "red", "green"))

    made = await shop.post(WORDS, {"value": " Sky blue ", "valueSequence": 1})

    assert made.status_code == 201
    assert made.json()["value"] == "Sky blue"
    assert made.json()["displayOrder"] == 3
    assert made.json()["localizedContent"] == [{"localeCode": "en-US", "stringValue": "Sky blue"}]
    for name in ("Sky%20blue", "SKY%20BLUE/"):
        read = await shop.get(f"{WORDS}/{name}")
        assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert values(await shop.get(WORDS)) == ["red", "green", "Sky blue"]


async def test_a_value_without_one_is_what_people_read(shop: Shop) -> None:
    await define(shop, attribute())

    made = await shop.post(WORDS, {"content": {"stringValue": "Red"}})

    assert (made.json()["value"], made.json()["content"]) == ("Red", {"localeCode": "en-US", "stringValue": "Red"})


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "value"),
        ({"value": " "}, "value"),
        ({"value": 7}, "value"),
        ({"value": ["red"]}, "value"),
        ({"value": "x" * 201}, "value"),
        ({"value": "red", "displayOrder": -1}, "displayOrder"),
        ({"value": "red", "displayOrder": 2**31}, "displayOrder"),
        ({"value": "red", "localizedContent": [{"stringValue": "x"}]}, "localizedContent[0].localeCode"),
        ({"value": "red", "content": {"stringValue": "x" * 201}}, "content.stringValue"),
        ({"value": "red", "mappedGenericValues": ["warm"]}, "mappedGenericValues"),
    ],
)
async def test_a_wrong_value_is_named(shop: Shop, body: dict[str, Any], parameter: str) -> None:
    await define(shop, attribute())

    assert fault(await shop.post(WORDS, body)) == (400, INVALID, parameter)
    listed = fault(await shop.put(WORDS, [{"value": "blue"}, body]))
    assert listed == (400, INVALID, parameter if "mapped" in parameter else f"[1].{parameter}")
    assert values(await shop.get(WORDS)) == []


async def test_a_value_that_is_there_is_refused_in_any_case(shop: Shop) -> None:
    await define(shop, attribute("color", "red", "Straße"))

    for again in ("RED", "ＲＥＤ", "STRASSE"):
        assert fault(await shop.post(WORDS, {"value": again}))[:2] == (409, "ITEM_ALREADY_EXISTS")
        twice = await shop.put(WORDS, [{"value": "red"}, {"value": "strasse"}, {"value": again}])
        assert fault(twice) == (400, INVALID, "vocabularyValues")
    answers = await asyncio.gather(*(shop.post(WORDS, {"value": "blue"}) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


async def test_numbers_are_numbers_however_they_are_written(shop: Shop) -> None:
    (made,) = await define(shop, attribute("size", 40, "38.50", 0, -1.5, dataType="Number"))
    words = f"{PRODUCT_ATTRIBUTES}/tenant~size/VocabularyValues"

    assert [one["value"] for one in made["vocabularyValues"]] == [40, 38.5, 0, -1.5]
    assert (await shop.get(f"{words}/38.500")).json()["value"] == 38.5
    assert fault(await shop.get(f"{words}/large"))[0] == 404
    assert fault(await shop.post(words, {"value": "40.0"}))[:2] == (409, "ITEM_ALREADY_EXISTS")
    for bad in ("large", True, "1e99", "٣", "1_0", 10**31, float("1e-30") / 7):
        assert fault(await shop.post(words, {"value": bad})) == (400, INVALID, "value")


async def test_only_a_list_has_values(shop: Shop) -> None:
    await define(shop, text_box("color"))

    assert fault(await shop.post(WORDS, {"value": "red"}))[:2] == (409, "VALIDATION_CONFLICT")
    assert fault(await shop.put(WORDS, [{"value": "red"}]))[:2] == (409, "VALIDATION_CONFLICT")
    assert values(await shop.put(WORDS, [])) == values(await shop.get(WORDS)) == []


async def test_a_vocabulary_has_an_end(shop: Shop) -> None:
    await define(shop, attribute("color", *(str(n) for n in range(1000))))

    assert fault(await shop.post(WORDS, {"value": "one more"})) == (400, INVALID, "vocabularyValues")


async def test_put_replaces_all_of_a_value_but_the_value(shop: Shop) -> None:
    await define(shop, attribute("color", "red", "green"))
    before = (await shop.get(f"{WORDS}/red")).json()

    put = await shop.put(f"{WORDS}/RED", {"value": "Red", "displayOrder": 9, "productName": "Rouge"})

    assert put.status_code == 200
    assert put.json() == {**before, "displayOrder": 9, "productName": "Rouge"}
    assert values(await shop.get(WORDS)) == ["green", "red"]
    left_out = await shop.put(f"{WORDS}/red", {})
    assert left_out.json() == {**before, "displayOrder": 9}
    assert fault(await shop.put(f"{WORDS}/red", {"value": "crimson"}))[:2] == (409, "VALIDATION_CONFLICT")
    assert fault(await shop.put(f"{WORDS}/blue", {}))[:2] == (404, "ITEM_NOT_FOUND")


async def test_the_whole_vocabulary_is_replaced(shop: Shop) -> None:
    await define(shop, attribute("color", "red", "green"))
    german = {"localeCode": "de-DE", "stringValue": "Rot"}
    await shop.post(f"{WORDS}/red/LocalizedContent", german)
    red = (await shop.get(f"{WORDS}/red")).json()

    put = await shop.put(WORDS, [{"value": "blue"}, {"value": "Red"}])

    assert values(put) == ["blue", "red"]
    assert put.json()[1] == {**red, "displayOrder": 2}
    assert put.json() == (await shop.get(WORDS)).json()
    assert values(await shop.put(WORDS, [])) == []


async def test_a_value_is_removed_and_may_come_again(shop: Shop) -> None:
    await define(shop, attribute("color", "red", "green"))
    old = (await shop.get(f"{WORDS}/red")).headers["etag"]

    assert (await shop.delete(f"{WORDS}/Red")).status_code == 204
    assert fault(await shop.delete(f"{WORDS}/red"))[:2] == (404, "ITEM_NOT_FOUND")
    again = await shop.post(WORDS, {"value": "red"})
    assert (again.status_code, again.json()["displayOrder"]) == (201, 3)
    assert again.headers["etag"] != old


async def test_stale_changes_of_a_value_are_refused(shop: Shop) -> None:
    await define(shop, attribute("color", "red", "green"))
    url = f"{WORDS}/red"
    old = (await shop.get(url)).headers["etag"]
    other = (await shop.get(f"{WORDS}/green")).headers["etag"]
    whole = (await shop.get(COLOR)).headers["etag"]
    label = {"localeCode": "de-DE", "stringValue": "Rot"}

    assert (await shop.post(f"{url}/LocalizedContent", label)).status_code == 201

    for method in ("PUT", "DELETE"):
        refused = await shop.call(method, url, json={}, headers={"If-Match": old})
        assert fault(refused)[:2] == (412, "PRECONDITION_FAILED")
    assert (await shop.get(f"{WORDS}/green")).headers["etag"] == other
    assert (await shop.get(COLOR)).headers["etag"] != whole
    new = (await shop.get(url)).headers["etag"]
    assert (await shop.get(url, headers={"If-None-Match": new})).status_code == 304
    assert (await shop.delete(url, headers={"If-Match": new})).status_code == 204


async def test_a_repeated_addition_gets_the_first_answer(shop: Shop) -> None:
    await define(shop, attribute())
    key = {"Idempotency-Key": "value-1"}

    first, second = [await shop.post(WORDS, {"value": "red"}, headers=key) for _ in range(2)]

    assert (second.status_code, second.content) == (201, first.content)


async def test_any_text_is_a_value_and_found_by_it(shop: Shop) -> None:
    odd = ["a/b", "50%", "a b", "é", "<b>", "typerules", "#1", "😀" * 200]
    await define(shop, attribute("color", *odd))

    for value in odd:
        assert (await shop.get(f"{WORDS}/{quote(value, safe='')}")).json()["value"] == value


GENERIC = f"{PRODUCT_ATTRIBUTES}/tenant~family"


@pytest.fixture
async def mapped(shop: Shop) -> list[dict[str, Any]]:
    """Colours, mapped to families of colours."""
    family = attribute("family", "Warm", "Cold", isOption=False, isValueMappingAttribute=True)
    words = [{"value": "red", "mappedGenericValues": ["WARM", "warm"]}, {"value": "blue"}]
    color = attribute("color", vocabularyValues=words, valueMappingAttributeFQN="TENANT~Family")
    return await define(shop, family, color)


async def test_values_are_mapped_to_those_of_another_attribute(shop: Shop, mapped: list[dict[str, Any]]) -> None:
    family, color = mapped

    assert (family["isValueMappingAttribute"], color["isValueMappingAttribute"]) == (True, False)
    assert color["valueMappingAttributeFQN"] == "tenant~family"
    assert [one["mappedGenericValues"] for one in color["vocabularyValues"]] == [["Warm"], []]
    put = await shop.put(f"{WORDS}/blue", {"mappedGenericValues": ["cold"]})
    assert put.json()["mappedGenericValues"] == ["Cold"]


async def test_what_the_other_attribute_does_not_have_is_no_mapping(shop: Shop, mapped: list[dict[str, Any]]) -> None:
    wrong = {"value": "green", "mappedGenericValues": ["Fresh"]}
    for answer in (
        await shop.post(WORDS, wrong),
        await shop.put(WORDS, [wrong]),
        await shop.put(f"{WORDS}/blue", {"mappedGenericValues": ["Fresh"]}),
        await shop.put(COLOR, attribute("color")),  # mapped to nothing any more, but the values still are
    ):
        assert fault(answer) == (400, INVALID, "mappedGenericValues")
    free = await shop.put(COLOR, attribute("color", "red", "blue"))
    assert (free.status_code, free.json()["valueMappingAttributeFQN"]) == (200, None)


async def test_an_attribute_is_mapped_to_another_that_is_for_it(shop: Shop, mapped: list[dict[str, Any]]) -> None:
    plain, number = attribute("plain"), attribute("number", dataType="Number", isValueMappingAttribute=True)
    await define(shop, plain, number)
    for name in ("tenant~unknown", "tenant~plain", "tenant~number", "tenant~size"):
        answer = await shop.post(PRODUCT_ATTRIBUTES, attribute("size", valueMappingAttributeFQN=name))
        assert fault(answer) == (400, INVALID, "valueMappingAttributeFQN")
    itself = attribute("family", isOption=False, isValueMappingAttribute=True, valueMappingAttributeFQN="tenant~family")
    assert fault(await shop.put(GENERIC, itself)) == (400, INVALID, "valueMappingAttributeFQN")


async def test_what_others_are_mapped_to_stays(shop: Shop, mapped: list[dict[str, Any]]) -> None:
    for answer in (
        await shop.delete(GENERIC),
        await shop.delete(f"{GENERIC}/VocabularyValues/warm"),
        await shop.put(f"{GENERIC}/VocabularyValues", [{"value": "cold"}]),
        await shop.put(GENERIC, attribute("family", "cold", isValueMappingAttribute=True)),
        await shop.put(GENERIC, attribute("family", isOption=True)),
    ):
        assert fault(answer)[:2] == (409, "VALIDATION_CONFLICT")
    assert (await shop.delete(f"{GENERIC}/VocabularyValues/cold")).status_code == 204
    assert (await shop.delete(COLOR)).status_code == 204
    assert (await shop.delete(GENERIC)).status_code == 204


async def test_nothing_is_mapped_to_what_goes_at_the_same_moment(shop: Shop, mapped: list[dict[str, Any]]) -> None:
    for _ in range(5):
        await shop.put(f"{GENERIC}/VocabularyValues", [{"value": "warm"}, {"value": "cold"}])
        await shop.put(f"{WORDS}/blue", {})
        gone, put = await asyncio.gather(
            shop.delete(f"{GENERIC}/VocabularyValues/cold"),
            shop.put(f"{WORDS}/blue", {"mappedGenericValues": ["cold"]}),
        )
        assert (gone.status_code, put.status_code) in ((204, 400), (409, 200))


async def test_readers_get_the_values_in_their_language(shop: Shop) -> None:
    labels = [{"localeCode": "de-DE", "stringValue": "Rot"}, {"localeCode": "en-US", "stringValue": "Red"}]
    (made,) = await define(shop, attribute(vocabularyValues=[{"value": "red", "localizedContent": labels}]))
    german = {"x-vol-locale": "DE-de"}

    assert content(made["vocabularyValues"][0]["localizedContent"]) == {"de-DE": "Rot", "en-US": "Red"}
    assert (await shop.get(f"{WORDS}/red")).json()["content"]["stringValue"] == "Red"
    assert (await shop.get(f"{WORDS}/red", headers=german)).json()["content"]["stringValue"] == "Rot"
    assert (await shop.get(WORDS, headers=german)).json()[0]["content"]["stringValue"] == "Rot"
    assert (await shop.get(f"{WORDS}/red")).headers["vary"] == "x-vol-locale, x-vol-site"
    french = await shop.get(f"{WORDS}/red", headers={"x-vol-locale": "fr-FR"})
    assert french.json()["content"] == labels[1]


async def test_of_many_who_change_one_attribute_at_once_nobody_loses_anything(shop: Shop) -> None:
    await define(shop, attribute("color", "red"))
    red = f"{WORDS}/red/LocalizedContent"
    calls = [
        *(shop.post(WORDS, {"value": f"shade {n}"}) for n in range(10)),
        *(shop.post(red, {"localeCode": f"de-x-{n}", "stringValue": f"Rot {n}"}) for n in range(10)),
        *(
            shop.put(COLOR, attribute(adminName=f"Name {n}", content={"localeCode": "fr", "name": "x"}))
            for n in range(5)
        ),
    ]

    answers = await asyncio.gather(*calls)

    assert {answer.status_code for answer in answers} == {200, 201}
    made = (await shop.get(COLOR)).json()
    assert len(made["vocabularyValues"]) == len({one["displayOrder"] for one in made["vocabularyValues"]}) == 11
    assert len(made["vocabularyValues"][0]["localizedContent"]) == 11
    assert content(made["localizedContent"], "name") == {"en-US": "color", "fr": "x"}
