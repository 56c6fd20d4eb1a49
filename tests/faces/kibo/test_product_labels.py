"""What people read of product attributes and their values, in every language (Kibo behaviour 9.4)."""

import asyncio
from typing import Any

import pytest

from product_samples import COLOR, attribute, content, define
from shops import Shop, fault

INVALID = "MISSING_OR_INVALID_PARAMETER"


class Place:
    """Where labels are: of an attribute, or of a value."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    def label(self, locale: str | None, text: str | None = "Text", **more: Any) -> dict[str, Any]:
        return {"localeCode": locale, self.text: text, **more}

    def texts(self, labels: list[dict[str, Any]]) -> dict[str, Any]:
        return content(labels, self.text)


@pytest.fixture(
    params=[(f"{COLOR}/LocalizedContent", "name"), (f"{COLOR}/VocabularyValues/red/LocalizedContent", "stringValue")],
    ids=["of an attribute", "of a value"],
)
async def place(request: pytest.FixtureRequest, shop: Shop) -> Place:
    """An attribute with a value; each has a label in the language of the catalog."""
    await define(shop, attribute("color", "red"))
    return Place(*request.param)


async def test_a_language_is_added_read_replaced_and_removed(shop: Shop, place: Place) -> None:
    url = f"{place.path}/de-DE"

    made = await shop.post(place.path, place.label("de-DE", " Farbe "))
    assert (made.status_code, made.json()[place.text]) == (201, "Farbe")
    read = await shop.get(f"{place.path}/DE-de")
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    assert len((await shop.get(place.path)).json()) == 2

    put = await shop.put(url, place.label(None, "Rot"))
    assert (put.status_code, put.json()) == (200, (await shop.get(url)).json())
    assert (put.json()["localeCode"], put.json()[place.text]) == ("de-DE", "Rot")

    assert (await shop.delete(url)).status_code == 204
    for answer in (await shop.get(url), await shop.delete(url), await shop.put(url, place.label(None))):
        assert fault(answer)[:2] == (404, "ITEM_NOT_FOUND")


async def test_all_languages_are_replaced(shop: Shop, place: Place) -> None:
    await shop.post(place.path, place.label("de-DE"))

    put = await shop.put(place.path, [place.label("EN-us", "Own"), place.label("fr-FR", "Autre")])

    assert place.texts(put.json()) == {"EN-us": "Own", "fr-FR": "Autre"}
    assert put.json() == (await shop.get(place.path)).json()


async def test_the_language_of_the_catalog_stays(shop: Shop, place: Place) -> None:
    assert fault(await shop.delete(f"{place.path}/EN-us"))[:2] == (409, "VALIDATION_CONFLICT")
    for without in ([], [place.label("de-DE")]):
        assert fault(await shop.put(place.path, without))[:2] == (409, "VALIDATION_CONFLICT")
    assert list(place.texts((await shop.get(place.path)).json())) == ["en-US"]


async def test_a_language_that_is_there_is_refused_in_any_case(shop: Shop, place: Place) -> None:
    assert fault(await shop.post(place.path, place.label("EN-US")))[:2] == (409, "ITEM_ALREADY_EXISTS")
    answers = await asyncio.gather(*(shop.post(place.path, place.label("de")) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 4]
    moved = await shop.put(f"{place.path}/de", place.label("fr"))
    assert fault(moved)[:2] == (409, "VALIDATION_CONFLICT")


@pytest.mark.parametrize(
    ("locale", "text", "field"),
    [
        (None, "x", "localeCode"),
        ("", "x", "localeCode"),
        ("d", "x", "localeCode"),
        ("de_DE", "x", "localeCode"),
        ("dé", "x", "localeCode"),
        ("de-" + "x" * 14, "x", "localeCode"),
        ("de", None, ""),
        ("de", "  ", ""),
        ("de", "x" * 201, ""),
        ("de", "4111 1111 1111 1111", ""),
        ("de", 7, ""),
    ],
)
async def test_a_wrong_label_is_named(shop: Shop, place: Place, locale: str | None, text: Any, field: str) -> None:
    label, parameter = place.label(locale, text), field or place.text

    assert fault(await shop.post(place.path, label)) == (400, INVALID, parameter)
    listed = await shop.put(place.path, [place.label("en-US"), label])
    typed = f"[1].{parameter}" if text == 7 else f"localizedContent[1].{parameter}"
    assert fault(listed) == (400, INVALID, typed)
    if not field:
        assert fault(await shop.put(f"{place.path}/en-US", label)) == (400, INVALID, parameter)
    assert len((await shop.get(place.path)).json()) == 1


async def test_languages_come_once_and_have_an_end(shop: Shop, place: Place) -> None:
    own = place.label("en-US")
    twice = await shop.put(place.path, [own, place.label("de"), place.label("DE")])
    many = [own, *(place.label(f"de-x-{n}") for n in range(99))]

    assert fault(twice) == (400, INVALID, "localizedContent")
    assert (await shop.put(place.path, many)).status_code == 200
    assert fault(await shop.put(place.path, [*many, place.label("fr")])) == (400, INVALID, "localizedContent")
    assert fault(await shop.post(place.path, place.label("fr"))) == (400, INVALID, "localizedContent")


async def test_stale_changes_are_refused_also_after_it_was_made_anew(shop: Shop, place: Place) -> None:
    url = f"{place.path}/de"
    old = (await shop.post(place.path, place.label("de"))).headers["etag"]
    new = (await shop.put(url, place.label("de", "Newer"), headers={"If-Match": old})).headers["etag"]

    for method in ("PUT", "DELETE"):
        refused = await shop.call(method, url, json=place.label("de"), headers={"If-Match": old})
        assert fault(refused)[:2] == (412, "PRECONDITION_FAILED")
    assert (await shop.get(url, headers={"If-None-Match": new})).status_code == 304
    assert (await shop.delete(url, headers={"If-Match": new})).status_code == 204
    assert (await shop.post(place.path, place.label("de"))).headers["etag"] not in (old, new)


async def test_a_repeated_addition_gets_the_first_answer(shop: Shop, place: Place) -> None:
    key = {"Idempotency-Key": "label-1"}

    first, second = [await shop.post(place.path, place.label("de"), headers=key) for _ in range(2)]

    assert (second.status_code, second.content) == (201, first.content)


async def test_below_what_is_not_there_nothing_is(shop: Shop, place: Place) -> None:
    for path in (place.path.replace("color", "unknown"), place.path.replace("red", "unknown-red")):
        if path != place.path:
            for answer in (
                await shop.get(path),
                await shop.get(f"{path}/en-US"),
                await shop.post(path, place.label("de")),
                await shop.put(path, [place.label("en-US")]),
                await shop.put(f"{path}/en-US", place.label(None)),
                await shop.delete(f"{path}/en-US"),
            ):
                assert fault(answer)[:2] == (404, "ITEM_NOT_FOUND")


async def test_readers_get_the_attribute_in_their_language(shop: Shop) -> None:
    await define(shop, attribute(content={"localeCode": "de-DE", "name": "Farbe", "description": "Wie es aussieht"}))

    german = await shop.get(COLOR, headers={"x-vol-locale": "de-de"})
    assert german.json()["content"] == {"localeCode": "de-DE", "name": "Farbe", "description": "Wie es aussieht"}
    assert (await shop.get(COLOR)).json()["content"]["name"] == "color"
    assert (await shop.get(COLOR, headers={"x-vol-locale": "fr"})).json()["content"]["localeCode"] == "en-US"


async def test_who_changes_content_or_the_list_and_sends_both_back_loses_nothing(shop: Shop) -> None:
    (read,) = await define(shop, attribute(content={"name": "Color"}))
    (entry,) = read["localizedContent"]

    by_content = await shop.put(COLOR, {**read, "content": {**read["content"], "name": "Colour"}})
    assert content(by_content.json()["localizedContent"], "name") == {"en-US": "Colour"}
    read = by_content.json()
    by_list = await shop.put(COLOR, {**read, "localizedContent": [{**entry, "name": "Hue"}]})
    assert by_list.json()["content"]["name"] == "Hue"
    both = await shop.put(
        COLOR, {**read, "content": {"name": "Tint"}, "localizedContent": [{**entry, "name": "Shade"}]}
    )
    assert both.json()["content"]["name"] == "Shade"
    alone = await shop.put(COLOR, attribute(content={"localeCode": "de-DE", "name": "Farbe"}))
    assert content(alone.json()["localizedContent"], "name") == {"en-US": "Shade", "de-DE": "Farbe"}
