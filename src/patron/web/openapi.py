"""The OpenAPI document of a face, out of its operations table (OpenAPI 3.1.1).

What a row says is what the server does: the scope and the shopper's rights become security and 403, an Idempotency-Key
becomes a header and 409 and 422, a version becomes ETag, If-Match and 412. Every status that a row can lead to is there
with the face's error body. Bodies come from the types of the row.
"""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from patron import __version__
from patron.web.operations import Operation, Param

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
_KINDS: dict[str, Json] = {
    "string": {"type": "string"},
    "number": {"type": "integer", "format": "int32"},
    "boolean": {"type": "boolean"},
}
_SOURCE = re.compile(r" \(\w+ behaviour [^)]*\)")
_WRITES = ("PUT", "PATCH", "DELETE")
_ETAG = {"description": "The version of the resource, for If-Match.", "schema": {"type": "string"}}
_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}}},
    429: _RETRY,
    503: _RETRY,
}
_CONDITIONS = {
    "Idempotency-Key": "A name of your own for this change: sent again, it gets the first answer and changes nothing.",
    "If-Match": "The ETag of the version that this change was made for; 412 when there is a newer one.",
    "If-None-Match": "The ETag of the version that you have; 304 when it is still the newest.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a face says of itself beyond its operations.

    `base` is the path that it is mounted at; `path` the schema of every path parameter by name; `headers` the
    parameters of each call that needs a token; `security` who may make a call; `reasons` the sentence of each status
    that has the `error` body; `thinned_by` the parameter that leaves parts out of answers.
    """

    title: str
    description: str
    base: str
    tags: Mapping[str, str]
    path: Mapping[str, Json]
    headers: tuple[Json, ...]
    schemes: Mapping[str, Json]
    security: Callable[[Operation], list[Json]]
    error: Any
    reasons: Mapping[int, str]
    thinned_by: str
    media_type: str = "application/json"


def document(operations: Iterable[Operation], dialect: Dialect) -> Json:
    """The whole document. Raises KeyError for a path parameter or a status that the dialect does not explain."""
    rows = sorted(operations, key=lambda o: (o.path.lower(), o.method))
    types = [type_ for o in rows for type_ in (o.body, o.answer) if type_ is not None]
    shapes, components = msgspec.json.schema_components([*types, dialect.error], ref_template=_REF)
    schemas = dict(zip(map(_name, types), map(_shaped, shapes), strict=False))
    paths: dict[str, Json] = {}
    for row in rows:
        paths.setdefault(dialect.base + row.path, {})[row.method.lower()] = _operation(row, dialect, schemas)
    groups = {row.group for row in rows}
    return {
        "openapi": "3.1.0",
        "info": {"title": dialect.title, "version": __version__, "description": dialect.description},
        "servers": [{"url": "/"}],
        "tags": [{"name": group, "description": text} for group, text in dialect.tags.items() if group in groups],
        "paths": paths,
        "components": {
            "schemas": _components(components, rows, dialect, schemas),
            "responses": _failures(rows, dialect, _shaped(shapes[-1])),
            "parameters": {one["name"]: one for one in dialect.headers},
            "securitySchemes": dict(dialect.schemes),
        },
    }


def _name(type_: Any) -> str:
    """Types are kept by their text: `list[X]` is not one object wherever it is written."""
    return str(type_)


def _operation(row: Operation, dialect: Dialect, schemas: Mapping[str, Json]) -> Json:
    parameters = [*_in_path(row, dialect), *map(_in_query, row.query), *map(_condition, conditions(row))]
    if row.authenticated:
        parameters += [{"$ref": f"#/components/parameters/{one['name']}"} for one in dialect.headers]
    about: Json = {"operationId": row.key, "tags": [row.group], "summary": row.summary}
    if text := inspect.getdoc(row.handler):
        about["description"] = _SOURCE.sub("", text)
    if parameters:
        about["parameters"] = parameters
    if row.body is not None:
        content = {dialect.media_type: {"schema": schemas[_name(row.body)]}}
        about["requestBody"] = {"required": True, "content": content}
    about["responses"] = {
        **_successes(row, dialect, schemas),
        **{str(status): {"$ref": f"#/components/responses/{_failure(status)}"} for status in statuses(row)},
    }
    about["security"] = dialect.security(row) if row.authenticated else []
    return about


def conditions(row: Operation) -> list[str]:
    """The headers by which a caller makes a call conditional (RFC 9110 13) or repeatable."""
    given = {
        "Idempotency-Key": row.replays != "no",
        "If-Match": row.versioned and row.method in _WRITES,
        "If-None-Match": row.versioned and row.method == "GET",
    }
    return [name for name, takes in given.items() if takes]


def statuses(row: Operation) -> list[int]:
    """Every status of a failure that a call can end with. Unknown paths and methods belong to no operation."""
    changes = row.changes or row.replays != "no"
    may = {
        400: row.authenticated or row.body is not None,
        401: row.authenticated or row.body is not None,
        403: row.authenticated and (row.scope is not None or row.shopper != "open" or changes),
        404: row.authenticated,
        409: row.authenticated and changes,
        412: "If-Match" in conditions(row),
        413: row.body is not None,
        422: row.replays != "no",
        429: row.in_person or row.throttled,
        500: True,
        503: True,
    }
    return [status for status, can in may.items() if can]


def _in_path(row: Operation, dialect: Dialect) -> list[Json]:
    names = [segment[1:-1] for segment in row.path.split("/") if segment.startswith("{")]
    return [{"name": name, "in": "path", "required": True, **dialect.path[name]} for name in names]


def _in_query(param: Param) -> Json:
    about = {"name": param.name, "in": "query", "description": param.description, "schema": _KINDS[param.kind]}
    return {key: value for key, value in about.items() if value}


def _condition(name: str) -> Json:
    return {"name": name, "in": "header", "description": _CONDITIONS[name], "schema": {"type": "string"}}


def _successes(row: Operation, dialect: Dialect, schemas: Mapping[str, Json]) -> Json:
    answer: Json = {"description": HTTPStatus(row.status).phrase}
    gives = row.versioned and row.method != "DELETE"
    if gives:
        answer["headers"] = {"ETag": _ETAG}
    if row.answer is not None and row.status != HTTPStatus.NO_CONTENT:
        answer["content"] = {dialect.media_type: {"schema": schemas[_name(row.answer)]}}
    if gives and row.method == "GET":
        return {str(row.status): answer, "304": {"description": "Not Modified", "headers": {"ETag": _ETAG}}}
    return {str(row.status): answer}


def _failure(status: int) -> str:
    return f"Failure{status}"


def _failures(rows: list[Operation], dialect: Dialect, error: Json) -> Json:
    return {
        _failure(status): {
            "description": dialect.reasons[status],
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            "content": {dialect.media_type: {"schema": error}},
        }
        for status in sorted({status for row in rows for status in statuses(row)})
    }


def _components(
    components: Mapping[str, Json], rows: list[Operation], dialect: Dialect, schemas: Mapping[str, Json]
) -> Json:
    """All named schemas. What an answer may leave out is required nowhere."""
    shaped = {name: _shaped(schema) for name, schema in sorted(components.items())}
    thinned = [row for row in rows if any(param.name == dialect.thinned_by for param in row.query)]
    open_, seen = [schemas[_name(row.answer)] for row in thinned if row.answer is not None], set[str]()
    while open_:
        found = set(_references(open_.pop())) - seen
        seen |= found
        open_ += [shaped[name] for name in found]
    for name in seen:
        shaped[name].pop("required", None)
    return shaped


def _references(schema: Any) -> Iterable[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list):
        for one in schema:
            yield from _references(one)


def _shaped(schema: Any) -> Any:
    """A schema as readers like it: decimals are numbers, no titles, null as a type, and only where answers have it."""
    if isinstance(schema, list):
        return [_shaped(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "properties" in schema:
        shaped = {name: _shaped(one) for name, one in schema.items() if name not in ("title", "properties")}
        shaped["properties"] = {name: _shaped(one) for name, one in schema["properties"].items()}
        if not schema.get("required"):
            shaped.pop("required", None)
        return shaped
    if schema.get("format") == "decimal":
        schema = {**schema, "type": "number", "format": "double"}
    shaped = {name: _shaped(one) for name, one in schema.items() if name not in ("title", "default", "x-given")}
    if {"type": "null"} in shaped.get("anyOf", ()):
        return _nullable(shaped, given=bool(schema.get("x-given")))
    return shaped


def _nullable(schema: Json, *, given: bool) -> Json:
    """`X or null` as the type X or null; as X alone when answers always give it."""
    choices = [one for one in schema.pop("anyOf") if one != {"type": "null"}]
    if len(choices) > 1:
        return {**schema, "anyOf": choices if given else [*choices, {"type": "null"}]}
    (choice,) = choices
    if given:
        return {**choice, **schema}
    if isinstance(choice.get("type"), str):
        return {**choice, **schema, "type": [choice["type"], "null"]}
    return {**schema, "anyOf": [choice, {"type": "null"}]}
