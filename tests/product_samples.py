"""Product attributes to test with, on the wire."""

from typing import Any

from shops import Shop

PRODUCT_ATTRIBUTES = "/api/commerce/catalog/admin/attributedefinition/attributes"
COLOR = f"{PRODUCT_ATTRIBUTES}/tenant~color"


def attribute(code: str | None = "color", *values: Any, **fields: Any) -> dict[str, Any]:
    """A list of values that products may vary by, with what the test is about."""
    return {
        "attributeCode": code,
        "dataType": "String",
        "inputType": "List",
        "valueType": "Predefined",
        "isOption": True,
        **({"vocabularyValues": [{"value": value} for value in values]} if values else {}),
        **fields,
    }


def text_box(code: str = "origin", **fields: Any) -> dict[str, Any]:
    """A fact about products that the staff writes."""
    types = {"inputType": "TextBox", "valueType": "AdminEntered", "isOption": False, "isProperty": True}
    return attribute(code, **types, **fields)


def labelled(code: str, tenant_id: int) -> dict[str, Any]:
    """An attribute with a value, both with labels in a further language; all of it tells whose it is."""
    own, locale = {"localeCode": "en-US"}, {"localeCode": f"de-x-{tenant_id}"}
    labels = [{**own, "stringValue": f"Of {tenant_id}"}, {**locale, "stringValue": "Rot"}]
    return attribute(
        code,
        localizedContent=[{**own, "name": f"Of {tenant_id}"}, {**locale, "name": "Farbe"}],
        vocabularyValues=[{"value": f"word-{tenant_id}", "localizedContent": labels}],
    )


# A good body for every operation, as a form for `kibo_requests`. What replaces a whole list leaves in it what the walks
# name: `same_…` is the thing itself, but no id to be swapped.
_NEW, _OWN, _SAME = ({"localeCode": name} for name in ("{new_locale}", "en-US", "{same_locale}"))
BODIES: dict[str, Any] = {
    "getAttributes": None,
    "getAttributeTypeRules": None,
    "addAttribute": attribute("{new_code}"),
    "getAttribute": None,
    "updateAttribute": attribute("{new_code}", adminName="Colour", attributeMetadata=[{"key": "erp", "value": "C"}]),
    "deleteAttribute": None,
    "getAttributeLocalizedContents": None,
    "addLocalizedContent": {**_NEW, "name": "Colour"},
    "updateLocalizedContents": [{**_OWN, "name": "Colour"}, {**_SAME, "name": "Farbe"}],
    "getAttributeLocalizedContent": None,
    "updateLocalizedContent": {"name": "Farbe"},
    "deleteLocalizedContent": None,
    "getAttributeVocabularyValues": None,
    "addAttributeVocabularyValue": {"value": "{new_code}"},
    "updateAttributeVocabularyValues": [{"value": "{same_word}"}, {"value": "{new_code}", "displayOrder": 7}],
    "getAttributeVocabularyValue": None,
    "updateAttributeVocabularyValue": {"displayOrder": 3, "content": {**_OWN, "stringValue": "Red"}},
    "deleteAttributeVocabularyValue": None,
    "getAttributeVocabularyValueLocalizedContents": None,
    "addAttributeVocabularyValueLocalizedContent": {**_NEW, "stringValue": "Red"},
    "updateAttributeVocabularyValueLocalizedContents": [
        {**_OWN, "stringValue": "Red"},
        {**_SAME, "stringValue": "Rot"},
    ],
    "getAttributeVocabularyValueLocalizedContent": None,
    "updateAttributeVocabularyValueLocalizedContent": {"stringValue": "Rot"},
    "deleteAttributeVocabularyValueLocalizedContent": None,
}


async def define(shop: Shop, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """Make product attributes through the API."""
    made = []
    for one in bodies:
        answer = await shop.post(PRODUCT_ATTRIBUTES, one)
        assert answer.status_code == 201, answer.text
        made.append(dict(answer.json()))
    return made


def content(labels: list[dict[str, Any]], text: str = "stringValue") -> dict[str, Any]:
    """The texts of labels by language."""
    return {one["localeCode"]: one[text] for one in labels}
