"""This dialect's OpenAPI document (3.1), out of the declarations: what a resource declares is what its routes do."""

from functools import cache
from typing import Any

from patron import __version__
from patron.jsonapi import media, openapi_oauth
from patron.jsonapi.asking import INCLUDE_DOTS_MAX, PAGE_NUMBER_MAX, PAGE_SIZE, PAGE_SIZE_MAX
from patron.jsonapi.catalogue import ROUTES, SERVED
from patron.jsonapi.document import ENCODE
from patron.jsonapi.operations import Route
from patron.jsonapi.resources import Attribute, Kind, Relationship, Resource

Json = dict[str, Any]

_DESCRIPTION = f"""
The customers of a shop and what belongs to them, as resources of JSON:API. The calls are those of Commerce Layer's Core
API, so that its official client works against this server.

**Authentication.** `POST /oauth/token` gives a token for the credentials of an application or of a customer; it goes
into `Authorization: Bearer`. What a kind of application may not do is refused with 401 `UNAUTHORIZED`; records of
others are not found.

**Asking.** `include` takes paths of relationships with at most {INCLUDE_DOTS_MAX} dots, `fields[type]` names what is
shown of a type. Lists take `sort` (a minus sign turns it round), pages by number or, as fast on long lists, by
`page[after]` with the `next_cursor` of the page before, `filter[name]` and `filter[q][name_predicate]` with all
predicates, joined by `_or_` or `_and_`, also across relationships: `filter[q][customer_group_name_cont]=vip`.

**Failures** all have the same body. An unknown path answers 404, a known path with another method 405 with `Allow`,
and both have that body too. Every answer has `X-Ratelimit-Limit`, `-Interval` and `-Remaining`.
""".strip()

_TYPES: dict[Kind, Json] = {
    "string": {"type": ["string", "null"]},
    "integer": {"type": ["integer", "null"]},
    "float": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "object": {"type": ["object", "null"]},
    "array": {"type": ["array", "null"], "items": {}},
    "date-time": {"type": ["string", "null"], "format": "date-time"},
}
_REASONS = {
    400: "A parameter or the body cannot be taken; the source names it.",
    401: "No token, or one that is not good (any more); or this kind of application may not do that.",
    404: "There is no such thing, or none that the caller may see.",
    406: f"Accept does not take {media.TYPE}.",
    409: "The same thing is being changed at this moment, or was made meanwhile.",
    412: "The resource has changed since the version in If-Match.",
    413: "The body is too large.",
    415: f"The body is not {media.TYPE}.",
    422: "An attribute or relationship cannot be so; each fault has its pointer.",
    423: "What depends on the resource keeps it from that.",
    429: "Too many requests; try again after Retry-After seconds.",
    500: "A fault of ours; the request's id leads to it.",
    503: "The database does not answer; try again after Retry-After seconds.",
}
_ALWAYS = (400, 401, 406, 429, 500, 503)
_CHANGES = {"C": (409, 413, 415, 422, 423), "U": (404, 409, 412, 413, 415, 422, 423), "D": (404, 409, 412, 423)}
_SUCCESSES = {"C": 201, "D": 204}
_SENTENCES = {"L": "List {}", "S": "One of {}", "C": "Make one of {}", "U": "Change one of {}", "D": "Remove one of {}"}
_ID: Json = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "The id."}


@cache
def document() -> bytes:
    """The document as JSON; made at the first call."""
    paths: Json = {}
    for route in ROUTES:
        paths.setdefault(f"/api{route.path}", {})[route.method.lower()] = _operation(route)
    return ENCODE(
        {
            "openapi": "3.1.0",
            "info": {"title": "Patron: Commerce Layer Core API", "version": __version__, "description": _DESCRIPTION},
            "servers": [{"url": "/"}],
            "tags": [openapi_oauth.TAG, *({"name": type_} for type_ in sorted(SERVED))],
            "paths": dict(sorted(paths.items())) | openapi_oauth.PATHS,
            "components": {
                "schemas": _schemas() | openapi_oauth.SCHEMAS,
                "responses": {f"Failure{status}": _failure(status) for status in _REASONS},
                "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }
    )


def statuses(route: Route) -> list[int]:
    """Every status of a failure that a call can end with."""
    more = _CHANGES.get(route.letter, (404,) if "{" in route.path else ())
    return sorted({*_ALWAYS, *more})


def _operation(route: Route) -> Json:
    resource, link = route.resource, route.relationship
    summary = _SENTENCES[route.letter].format(resource.type)
    if link is not None:
        summary = f"{'The linkage of' if _is_linkage(route) else 'What is behind'} {link.name} of {resource.type}"
    about: Json = {"operationId": route.key, "tags": [resource.type], "summary": summary}
    if parameters := _parameters(route):
        about["parameters"] = parameters
    if route.letter in "CU":
        schema = _ref(f"{resource.type}_{'create' if route.letter == 'C' else 'update'}")
        about["requestBody"] = {"required": True, "content": {media.TYPE: {"schema": schema}}}
    failures = {str(status): {"$ref": f"#/components/responses/Failure{status}"} for status in statuses(route)}
    about["responses"] = {**_successes(route), **failures}
    about["security"] = [{"bearer": []}]
    return about


def _is_linkage(route: Route) -> bool:
    return "/relationships/" in route.path


def _parameters(route: Route) -> list[Json]:
    found = [_ID] if "{id}" in route.path else []
    link = route.relationship
    shown = route.resource if link is None or _is_linkage(route) else SERVED.get(link.targets[0])
    if route.letter != "D" and shown is not None:
        found += _sparse(shown)
    if shown is not None and (route.letter == "L" or (link is not None and link.to_many and not _is_linkage(route))):
        found += _of_lists(shown)
    conditions = {
        "Idempotency-Key": (route.letter == "C", "A name of your own: sent again, it gets the first answer."),
        "If-Match": (route.letter in "UD", "The ETag of the version that this change was made for."),
        "If-None-Match": (route.letter == "S" and link is None, "The ETag of the version that you have."),
    }
    for name, (takes, sentence) in conditions.items():
        if takes:
            found.append({"name": name, "in": "header", "description": sentence, "schema": {"type": "string"}})
    return found


def _sparse(resource: Resource) -> list[Json]:
    names = [one.name for one in resource.relationships if one.includes]
    fields = ["id", *(one.name for one in resource.attributes), *(one.name for one in resource.relationships)]
    described = f"Paths of relationships, such as {names[0]}." if names else "Paths of relationships."
    listed: Json = {"style": "form", "explode": False, "schema": {"type": "array", "items": {"enum": fields}}}
    return [
        {"name": "include", "in": "query", "description": described, "schema": {"type": "string"}},
        {"name": f"fields[{resource.type}]", "in": "query", "description": "What is shown of this type.", **listed},
    ]


def _of_lists(resource: Resource) -> list[Json]:
    sorts = ", ".join(one.name for one in resource.attributes if one.sorts)
    number: Json = {"type": "integer", "minimum": 1, "maximum": PAGE_NUMBER_MAX, "default": 1}
    size: Json = {"type": "integer", "minimum": 1, "maximum": PAGE_SIZE_MAX, "default": PAGE_SIZE}
    made: list[tuple[str, str, Json]] = [
        ("sort", f"By {sorts}; with a minus sign turned round.", {"type": "string"}),
        *([("page[number]", "Which page.", number)] if resource.lists else []),
        ("page[size]", "How many a page has.", size),
        ("page[after]", "The next_cursor of the page before.", {"type": "string"}),
        *(
            (f"filter[{one.name}]", "Equal to this, or to one of several with commas between.", {"type": "string"})
            for one in resource.attributes
            if one.field is not None
        ),
    ]
    return [{"name": name, "in": "query", "description": said, "schema": schema} for name, said, schema in made]


def _successes(route: Route) -> Json:
    status, resource, link = _SUCCESSES.get(route.letter, 200), route.resource, route.relationship
    answer: Json = {"description": "What was asked for."}
    if status == 204:
        return {"204": {"description": "It is gone."}}
    if link is None:
        schema = _ref(f"{resource.type}_{'list' if route.letter == 'L' else 'document'}")
    else:
        schema = _behind(link, is_linkage=_is_linkage(route))
    answer["content"] = {media.TYPE: {"schema": schema}}
    if route.letter in "SU" and link is None:
        text: Json = {"schema": {"type": "string"}}
        answer["headers"] = {"ETag": {"description": "The version, where nothing comes along with it.", **text}}
    not_modified: Json = {"304": {"description": "It is still the version that you have."}}
    return {str(status): answer, **(not_modified if route.letter == "S" and link is None else {})}


def _behind(link: Relationship, *, is_linkage: bool) -> Json:
    served = [type_ for type_ in link.targets if type_ in SERVED]
    if is_linkage:
        data = _linkage(link)
        return {"type": "object", "required": ["data", "links"], "properties": {"data": data}}
    if not served:
        empty: Json = {"type": "array", "maxItems": 0} if link.to_many else {"type": "null"}
        return {"type": "object", "required": ["data"], "properties": {"data": empty}}
    kind = "list" if link.to_many else "document"
    choices = [_ref(f"{type_}_{kind}") for type_ in served]
    if not link.to_many:
        choices.append({"type": "object", "required": ["data"], "properties": {"data": {"type": "null"}}})
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> Json:
    schemas: Json = {"errors": _ERRORS, "resource": _ANY_RESOURCE, "meta": _META}
    for type_, resource in sorted(SERVED.items()):
        schemas[type_] = _resource(resource)
        schemas[f"{type_}_document"] = _around(_ref(type_))
        listed = _around({"type": "array", "items": _ref(type_)})
        listed["required"] = ["data", "meta", "links"] if resource.lists else ["data", "links"]  # logs are not counted
        schemas[f"{type_}_list"] = listed
        for letter, name in (("C", "create"), ("U", "update")):
            if letter in resource.letters:
                schemas[f"{type_}_{name}"] = _body(resource, letter.lower())
    return schemas


def _around(data: Json) -> Json:
    included: Json = {"type": "array", "items": _ref("resource")}
    return {"type": "object", "required": ["data"], "properties": {"data": data, "included": included}}


def _resource(resource: Resource) -> Json:
    read = [
        one
        for one in resource.attributes
        if one.column is not None or one.of_row is not None or one.of_caller is not None
    ]
    return {
        "type": "object",
        "required": ["id", "type", "links", "attributes", "relationships", "meta"],
        "properties": {
            "id": {"type": "string"},
            "type": {"const": resource.type},
            "links": {"type": "object", "required": ["self"], "properties": {"self": {"type": "string"}}},
            "attributes": {
                "type": "object",
                "properties": {one.name: _shape(one) for one in read},
                "additionalProperties": False,
            },
            "relationships": {
                "type": "object",
                "properties": {one.name: {"properties": {"data": _linkage(one)}} for one in resource.relationships},
                "additionalProperties": False,
            },
            "meta": _ref("meta"),
        },
        "additionalProperties": False,
    }


def _shape(one: Attribute) -> Json:
    shape = {**_TYPES[one.kind], **_needed(one)}
    return {**shape, "enum": [*one.enum, None]} if one.enum else shape


def _needed(one: Attribute | Relationship) -> Json:
    return {"description": f"Required, unless {one.instead} is sent."} if one.instead else {}


def _linkage(one: Relationship) -> Json:
    identifier: Json = {
        "type": "object",
        "required": ["type", "id"],
        "properties": {"type": {"enum": list(one.targets)}, "id": {"type": "string"}},
    }
    return {"type": "array", "items": identifier} if one.to_many else {"anyOf": [identifier, {"type": "null"}]}


def _body(resource: Resource, how: str) -> Json:
    written = [one for one in (*resource.attributes, *resource.triggers) if how in one.write]
    links = [one for one in resource.relationships if how in one.write]
    attributes: Json = {
        "type": "object",
        "properties": {one.name: _shape(one) for one in written},
        "additionalProperties": False,
    }
    relationships: Json = {
        "type": "object",
        "properties": {
            one.name: {"type": "object", "required": ["data"], "properties": {"data": _linkage(one)}, **_needed(one)}
            for one in links
        },
        "additionalProperties": False,
    }
    data: Json = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"const": resource.type}, "attributes": attributes, "relationships": relationships},
    }
    if how == "u":
        data["required"].append("id")
        data["properties"]["id"] = {"type": "string", "description": "The same as in the path."}
        return {"type": "object", "required": ["data"], "properties": {"data": data}}
    for part, names in (
        (attributes, [one.name for one in written if one.required and not one.instead]),
        (relationships, [one.name for one in links if one.required and not one.instead]),
    ):
        if names:
            part["required"] = names
            data["required"].append("attributes" if part is attributes else "relationships")
    return {"type": "object", "required": ["data"], "properties": {"data": data}}


_META: Json = {
    "type": "object",
    "required": ["mode", "organization_id"],
    "properties": {"mode": {"enum": ["test", "live"]}, "organization_id": {"type": "string"}},
}
_ANY_RESOURCE: Json = {
    "type": "object",
    "required": ["id", "type", "links", "attributes", "relationships", "meta"],
    "properties": {"id": {"type": "string"}, "type": {"type": "string"}, "meta": _ref("meta")},
}
_ERROR: Json = {
    "type": "object",
    "required": ["title", "detail", "code", "status"],
    "properties": {
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "status": {"type": "string"},
        "source": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("pointer", "parameter", "header")},
            "additionalProperties": False,
        },
        "meta": {"type": "object"},
    },
    "additionalProperties": False,
}
_ERRORS: Json = {
    "type": "object",
    "required": ["errors"],
    "properties": {"errors": {"type": "array", "minItems": 1, "items": _ERROR}},
}


def _failure(status: int) -> Json:
    found: Json = {"description": _REASONS[status], "content": {media.TYPE: {"schema": _ref("errors")}}}
    if status in (429, 503):
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found
