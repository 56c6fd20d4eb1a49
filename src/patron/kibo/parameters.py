"""Query parameters: read by their declared kind, and the ones that every list takes."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from patron.kernel.errors import BadAsk, Invalid
from patron.kernel.query import Ask, Fields
from patron.kibo import filters, selection
from patron.web.operations import Call, Operation, Param

PAGE_SIZE = 20
PAGE_SIZE_MAX = 200
NUMBER_MAX = 2**31 - 1  # of the contract's numbers
TEXT_LENGTH_MAX = 64_000

_NUMBER = re.compile(r"-?\d{1,19}", re.ASCII)

RESPONSE_FIELDS = Param("responseFields", description="Parts of the answer to give: a,b(c,d).", read=selection.parse)
RESPONSE_GROUPS = Param("responseGroups", description="Groups of parts of the answer to give.")
USER_ID = Param("userId", description="The user of the account whose view counts.")
LIST = (
    Param("startIndex", "number", "Offset of the first item."),
    Param("pageSize", "number", "Items a page, at most 200; 0 gives counts only."),
    Param("sortBy", description="field asc, field desc"),
    Param("filter", description="field op value and ..."),
    RESPONSE_FIELDS,
    Param("cursor", description="nextCursor of the page before: as fast on the last page as on the first."),
)


def read_parameters(query: bytes, operation: Operation) -> dict[str, Any]:
    """The declared parameters of a request, in their kinds; names in any case. Raises Invalid naming the parameter."""
    if not query or not operation.query:
        return {}
    return dict((_remembered if len(query) <= _REMEMBERED_LENGTH_MAX else _parameters)(query, operation))


def _parameters(query: bytes, operation: Operation) -> dict[str, Any]:
    known = _known(operation)
    read: dict[str, Any] = {}
    for pair in query.decode("latin-1").split("&"):
        name, _, text = pair.partition("=")
        param = known.get(_plain(name).lower()) if text else None
        if param is not None:
            read[param.name] = _read(param, _plain(text))
    return read


@cache
def _known(operation: Operation) -> dict[str, Param]:
    return {param.name.lower(): param for param in operation.query}


def _plain(text: str) -> str:
    """The text behind percent signs. `unquote` would take twice as long."""
    text = text.replace("+", " ")
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


# Clients ask for the same pages with the same parameters over and over.
_REMEMBERED_LENGTH_MAX = 1_000
_remembered = lru_cache(maxsize=2_000)(_parameters)


def _read(param: Param, text: str) -> Any:
    if len(text) > TEXT_LENGTH_MAX or "\0" in text or "�" in text:
        raise Invalid.field(param.name, "cannot be read")
    if param.kind == "number":
        if not _NUMBER.fullmatch(text):
            raise Invalid.field(param.name, "is not a whole number")
        return int(text)
    if param.kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise Invalid.field(param.name, "is true or false")
        return text.lower() == "true"
    return param.read(text) if param.read is not None else text


def ask(call: Call, names: Mapping[str, str], fields: Fields) -> Ask:
    """What the caller wants of a list whose wire `names` lead to `fields`. Raises BadAsk."""
    terms = filters.parse(call.query.get("filter"))
    return ask_for(call, names, fields, terms)


def ask_for(call: Call, names: Mapping[str, str], fields: Fields, terms: list[list[filters.Term]]) -> Ask:
    """The same for a filter that is parsed already, for lists whose fields depend on it."""
    start = call.query.get("startIndex", 0)
    size = call.query.get("pageSize", PAGE_SIZE)
    if not 0 <= start <= NUMBER_MAX:
        raise BadAsk("startIndex", f"is between 0 and {NUMBER_MAX}")
    if not 0 <= size <= NUMBER_MAX:
        raise BadAsk("pageSize", f"is between 0 and {PAGE_SIZE_MAX}")
    return Ask(
        filter=filters.bind(terms, names, fields),
        sort=filters.sort(call.query.get("sortBy"), names, fields),
        start=start,
        size=min(size, PAGE_SIZE_MAX),
        cursor=call.query.get("cursor"),
        marks=selection.wants(call.query.get("responseFields"), "nextcursor"),
    )
