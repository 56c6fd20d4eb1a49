"""Attribute definitions to test with: as the core has them, and as the wire has them."""

from datetime import UTC, datetime
from typing import Any

from patron.attributes.model import Definition, Details, Label, Word
from patron.attributes.rules import checked
from shops import Shop

DEFINITIONS = "/api/commerce/customer/attributedefinition/attributes"
B2B_DEFINITIONS = "/api/commerce/customer/accountattributedefinition/attributes"
ORDER_DEFINITIONS = "/api/commerce/orders/attributedefinition/attributes"

_NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def words(*values: str) -> list[Word]:
    """A vocabulary."""
    return [Word(value=value, label=Label("en-US", value.title())) for value in values]


def details(**fields: Any) -> Details:
    """Free text for shoppers, with what the test is about."""
    given = {"code": "color", "value_type": "ShopperEntered", "display_group": "AdminAndStorefront", **fields}
    return Details(**given)


def list_of(*values: str, **fields: Any) -> Details:
    """A list to choose from."""
    return details(**{"value_type": "Predefined", "input_type": "List", "vocabulary": words(*values), **fields})


def definition(given: Details | None = None, *, more: dict[str, Any] | None = None, **fields: Any) -> Definition:
    """The definition that details make; `more` are fields that no caller writes."""
    made = checked(given or details(**fields))
    written = {name: getattr(made, name) for name in Details.__struct_fields__}
    fqn = f"{made.namespace}~{made.code}"
    stamps: dict[str, Any] = {"created_at": _NOW, "created_by": "app", "updated_at": _NOW, "updated_by": "app"}
    fixed: dict[str, Any] = {"id": 1, "version": 1, "family": "customer", **(more or {})}
    return Definition(fqn=fqn, **fixed, **written, **stamps)


def body(code: str = "color", **fields: Any) -> dict[str, Any]:
    """A definition on the wire: free text for shoppers, with what the test is about."""
    return {
        "attributeCode": code,
        "displayGroup": "AdminAndStorefront",
        "valueType": "ShopperEntered",
        "inputType": "TextBox",
        "dataType": "String",
        **fields,
    }


def list_body(code: str = "color", *values: str, **fields: Any) -> dict[str, Any]:
    """A list to choose from, on the wire."""
    vocabulary = [{"value": value, "content": {"localeCode": "en-US", "value": value.title()}} for value in values]
    return body(code, **{"valueType": "Predefined", "inputType": "List", "vocabularyValues": vocabulary, **fields})


async def define(shop: Shop, *bodies: dict[str, Any], path: str = DEFINITIONS) -> list[dict[str, Any]]:
    """Make definitions through the API."""
    made = []
    for one in bodies:
        answer = await shop.post(path, one)
        assert answer.status_code == 201, answer.text
        made.append(dict(answer.json()))
    return made
