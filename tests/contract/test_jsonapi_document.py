"""The second face's OpenAPI document: whole, and true to its routes."""

import json
import re
from typing import Any

from contract.test_document import references
from patron.jsonapi.catalogue import ROUTES, SERVED
from patron.jsonapi.errors import STATUSES
from patron.jsonapi.oauth_app import METHODS
from patron.jsonapi.openapi import document

DOCUMENT: dict[str, Any] = json.loads(document())
CALLS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
OF_API = [(method, path, operation) for method, path, operation in CALLS if path.startswith("/api/")]


def test_every_route_is_in_it_once() -> None:
    assert sorted((m, p.removeprefix("/api"), o["operationId"]) for m, p, o in OF_API) == sorted(
        (route.method, route.path, route.key) for route in ROUTES
    )
    others = {f"{m} {p}" for m, p, _ in CALLS} - {f"{m} {p}" for m, p, _ in OF_API}
    taken = {f"{m} {p}" for p, methods in METHODS.items() for m in methods if m != "HEAD"}
    assert others == taken | {"GET /.well-known/jwks.json"}


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    used = set(references(DOCUMENT))
    there = {f"#/components/{kind}/{name}" for kind, named in DOCUMENT["components"].items() for name in named}
    assert used <= there
    lists = {f"#/components/schemas/{type_}_list" for type_ in SERVED}  # of those that nobody lists
    assert {one for one in there - used - lists if "securitySchemes" not in one} == set()


def test_every_failure_has_a_code_of_the_catalogue_and_the_face_s_body() -> None:
    documented = {int(status) for _, _, one in OF_API for status in one["responses"] if int(status) >= 400}
    assert documented | {405} == set(STATUSES.values())
    for name, failure in DOCUMENT["components"]["responses"].items():
        assert failure["description"], name
        assert failure["content"]["application/vnd.api+json"]["schema"] == {"$ref": "#/components/schemas/errors"}


def test_path_parameters_are_those_of_the_path() -> None:
    for _, path, operation in CALLS:
        named = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"]
        assert named == re.findall(r"\{(\w+)\}", path), path


def test_every_call_needs_a_token_and_says_what_it_does() -> None:
    for _, path, operation in OF_API:
        assert operation["security"] == [{"bearer": []}], path
        assert operation["summary"]
        assert operation["tags"][0] in SERVED
    for _, _, operation in CALLS:
        assert operation["summary"]
        assert operation["responses"]
