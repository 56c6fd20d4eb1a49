"""Our OpenAPI document, by the operations of the contract."""

import json
from typing import Any

from contract import facts
from contract.facts import ContractOperation
from patron.kibo.openapi import document

Json = dict[str, Any]

DOCUMENT: Json = json.loads(document())
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
# By method and path, as a client calls them.
OURS: dict[tuple[str, str], Json] = {
    (method.upper(), path.removeprefix("/api")): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
SERVED = {key: one for key, one in facts.operations().items() if (one.method, one.path) in OURS}


def ours(operation: ContractOperation) -> Json:
    return dict(OURS[operation.method, operation.path])


def resolved(parameter: Json) -> Json:
    if "$ref" in parameter:
        return dict(DOCUMENT["components"]["parameters"][parameter["$ref"].rpartition("/")[2]])
    return parameter


def parameters(operation: Json, place: str) -> dict[str, Json]:
    found = [resolved(one) for one in operation.get("parameters", ())]
    return {one["name"]: one for one in found if one["in"] == place}


def success(operation: Json) -> tuple[int, Json]:
    ((status, answer),) = [(int(s), a) for s, a in operation["responses"].items() if s.startswith("2")]
    return status, answer
