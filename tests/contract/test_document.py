"""The OpenAPI document in itself: whole, and true to the operations table."""

import json
import re
from collections.abc import Iterator
from typing import Any

from patron.kibo.errors import STATUSES
from patron.kibo.openapi import document
from patron.kibo.operations import OPERATIONS
from patron.tenants.model import BEHAVIORS

DOCUMENT: dict[str, Any] = json.loads(document())
CALLS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def test_every_operation_is_in_it_once() -> None:
    assert sorted((m, p.removeprefix("/api")) for m, p, _ in CALLS) == sorted((o.method, o.path) for o in OPERATIONS)
    ids = [operation["operationId"] for _, _, operation in CALLS]
    assert sorted(ids) == sorted({o.key for o in OPERATIONS})


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = set(references(DOCUMENT))
    there = {f"#/components/{kind}/{name}" for kind, named in DOCUMENT["components"].items() for name in named}

    assert used <= there
    assert {one for one in there - used if "securitySchemes" not in one} == set()


def test_every_group_is_explained() -> None:
    assert [tag for tag in DOCUMENT["tags"] if not tag["description"]] == []
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {operation["tags"][0] for _, _, operation in CALLS}


def test_every_operation_says_what_it_does_and_cites_no_source() -> None:
    for _, _, operation in CALLS:
        assert operation["summary"], operation["operationId"]
        assert "behaviour" not in operation.get("description", ""), operation["operationId"]


def test_path_parameters_are_those_of_the_path() -> None:
    for _, path, operation in CALLS:
        named = [one["name"] for one in operation.get("parameters", ()) if one.get("in") == "path"]
        assert named == re.findall(r"\{(\w+)\}", path), path


def test_every_failure_has_the_one_body() -> None:
    (schema,) = {
        json.dumps(answer["content"]["application/json"]["schema"])
        for answer in DOCUMENT["components"]["responses"].values()
    }

    assert json.loads(schema) == {"$ref": "#/components/schemas/ErrorBody"}
    given = {int(name.removeprefix("Failure")) for name in DOCUMENT["components"]["responses"]}
    assert given == set(STATUSES.values()) - {405}  # a wrong method is no operation


def test_the_statuses_of_an_operation_follow_from_its_row() -> None:
    def failures(key: str) -> set[int]:
        (found,) = [operation for _, _, operation in CALLS if operation["operationId"] == key]
        return {int(status) for status in found["responses"] if int(status) >= 300}

    common = {400, 401, 403, 404, 500, 503}
    assert failures("CustomerAccount.getAccounts") == common
    assert failures("CustomerAccount.getAccount") == common | {304}
    assert failures("CustomerAccount.addAccount") == common | {409, 413, 422}
    assert failures("CustomerAccount.updateAccount") == common | {409, 412, 413}
    assert failures("CustomerAccount.deleteAccount") == common | {409, 412}
    assert failures("StorefrontAuthTicket.createUserAuthTicket") == common | {409, 413, 429}
    assert failures("StorefrontAuthTicket.refreshUserAuthTicket") == common | {409}
    assert failures("Platform.getTenant") == common - {403}
    assert failures("Platform.oauth") == {400, 401, 413, 500, 503}


def test_who_may_call_is_told() -> None:
    for _, _, operation in CALLS:
        (row,) = [o for o in OPERATIONS if o.key == operation["operationId"]]
        schemes = [set(choice) for choice in operation["security"]]
        needed = [] if row.scope is None else [row.scope]
        assert bool(schemes) == row.authenticated
        assert ({"bearer", "userClaims"} in schemes) == (row.authenticated and row.shopper != "no")
        assert all(choice.get(name, needed) == needed for choice in operation["security"] for name in ("bearer",))
        assert set(needed) <= set(BEHAVIORS)


def test_nothing_is_required_where_answers_can_be_thinned_out() -> None:
    schemas = DOCUMENT["components"]["schemas"]

    assert "required" not in schemas["CustomerAccount"]
    assert "required" not in schemas["CustomerAccountCollection"]
    assert schemas["OAuthTicket"]["required"]
    assert schemas["ErrorBody"]["required"] == ["errorCode", "message", "correlationId"]


def test_money_is_a_number() -> None:
    amount = DOCUMENT["components"]["schemas"]["CurrencyAmount"]["properties"]["amount"]

    assert (amount["type"], amount["format"]) == ("number", "double")
