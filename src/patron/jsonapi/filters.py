"""`filter[q][name_predicate]` and `filter[name]`: the dialect's predicates as the core's filter tree (behaviour 4.1).

A key is one or more fields joined by `_or_` or `_and_`, and a predicate. A field is an attribute, or an attribute of a
relationship behind its name. `eq` minds case, `matches`, `cont`, `start` and `end` do not; a plain negation never holds
for what is null.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from patron.jsonapi import ids
from patron.jsonapi.errors import Refusal
from patron.jsonapi.resources import Relationship, Resource
from patron.kernel.errors import Invalid
from patron.kernel.query import (
    DEPTH_MAX,
    NODES_MAX,
    WITHIN_MAX,
    Compare,
    Every,
    Field,
    Filter,
    Kind,
    Not,
    Op,
    Some,
    Value,
)
from patron.kernel.sql import across
from patron.web import bodies

KEYS_MAX = 30
VALUE_LENGTH_MAX = 8_000

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,20})?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)

Build = Callable[[str, Kind, str], Filter]


_BOOLS = {**dict.fromkeys(("1", "t", "true"), True), **dict.fromkeys(("0", "f", "false"), False)}
_READ: dict[Kind, Callable[[str], Value]] = {
    "integer": lambda text: int(text) if _INTEGER.fullmatch(text) else _number(text),
    "number": lambda text: _number(text),
    "bool": lambda text: _BOOLS[text.lower()],
    "time": lambda text: _moment(text),
}


def _value(kind: Kind, text: str) -> Value:
    """A value in the kind of its field. Raises Refusal."""
    try:
        return _READ[kind](text) if kind in _READ else text
    except (KeyError, ValueError, InvalidOperation, OverflowError):
        raise Refusal("INVALID_FILTER_VALUE", "Invalid filter value", f"{text[:60]} is not a valid value.") from None


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _moment(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _is(op: Op) -> Build:
    return lambda name, kind, text: Compare(name, op, _value(kind, text))


def _like(op: Op) -> Build:
    def build(name: str, kind: Kind, text: str) -> Filter:
        if kind not in ("text", "none"):
            raise Refusal("INVALID_FILTER_VALUE", "Invalid filter value", f"{name[1:]} is not a text.")
        if op == "like" and (len(text) - len(text.rstrip("\\"))) % 2:
            text += "\\"  # what would escape nothing is meant itself
        return Compare(name, op, text)

    return build


def _negated(build: Build) -> Build:
    return lambda name, kind, text: Every((Compare(name, "ne", None), Not(build(name, kind, text))))


def _or_null(build: Build) -> Build:
    return lambda name, kind, text: Some((Compare(name, "eq", None), build(name, kind, text)))


def _any(build: Build) -> Build:
    return lambda name, kind, text: Some(tuple(build(name, kind, one) for one in _listed(text)))


def _all(build: Build) -> Build:
    return lambda name, kind, text: Every(tuple(build(name, kind, one) for one in _listed(text)))


def _listed(text: str) -> list[str]:
    values = text.split(",")
    if len(values) > WITHIN_MAX:
        raise Refusal("INVALID_FILTER_VALUE", "Invalid filter value", f"A list has at most {WITHIN_MAX} values.")
    return values


def _in(name: str, kind: Kind, text: str) -> Filter:
    return Compare(name, "same", tuple(_value(kind, one) for one in _listed(text)))


def _flag(build: Callable[[str, Kind], Filter]) -> Build:
    """A predicate whose value says whether it shall hold or not."""

    def built(name: str, kind: Kind, text: str) -> Filter:
        holds = build(name, kind)
        return holds if _value("bool", text) else Not(holds)

    return built


def _present(name: str, kind: Kind) -> Filter:
    return Compare(name, "like", "_%") if kind == "text" else Compare(name, "ne", None)


def _truth(value: bool) -> Build:
    def build(name: str, kind: Kind) -> Filter:
        if kind not in ("bool", "none"):
            raise Refusal("INVALID_FILTER_VALUE", "Invalid filter value", f"{name[1:]} is not true or false.")
        return Compare(name, "eq", value)

    return _flag(build)


def _null(is_null: bool) -> Build:
    return lambda name, _, text: Compare(name, "eq" if _value("bool", text) is is_null else "ne", None)


def _json(name: str, kind: Kind, text: str) -> Filter:
    if kind not in ("json", "none"):
        raise Refusal("FILTER_NOT_ALLOWED", "Filter not allowed", f"{name[1:]} holds no object.")
    try:
        value = bodies.read(text.encode(), Any)
    except (bodies.Unreadable, Invalid):
        value = None
    if not isinstance(value, dict):
        raise Refusal("INVALID_FILTER_VALUE", "Invalid filter value", "The value is not a JSON object.")
    return Compare(name, "holds", value)


_EQ, _CONT, _START, _END, _LIKE = _is("same"), _like("has"), _like("starts"), _like("ends"), _like("like")
_LT, _LE, _GT, _GE = _is("lt"), _is("le"), _is("gt"), _is("ge")

PREDICATES: dict[str, Build] = {
    "eq": _EQ, "eq_or_null": _or_null(_EQ), "not_eq": _negated(_EQ), "not_eq_or_null": _or_null(_negated(_EQ)),
    "not_eq_all": _all(_negated(_EQ)),
    "in": _in, "in_or_null": _or_null(_in), "not_in": _negated(_in), "not_in_or_null": _or_null(_negated(_in)),
    "matches": _LIKE, "does_not_match": _negated(_LIKE), "matches_any": _any(_LIKE), "matches_all": _all(_LIKE),
    "does_not_match_any": _any(_negated(_LIKE)), "does_not_match_all": _all(_negated(_LIKE)),
    "lt": _LT, "lteq": _LE, "gt": _GT, "gteq": _GE,
    "lt_any": _any(_LT), "lteq_any": _any(_LE), "gt_any": _any(_GT), "gteq_any": _any(_GE),
    "lt_all": _all(_LT), "lteq_all": _all(_LE), "gt_all": _all(_GT), "gteq_all": _all(_GE),
    "present": _flag(_present), "blank": _flag(lambda name, kind: Not(_present(name, kind))),
    "null": _null(True), "not_null": _null(False),
    "start": _START, "start_any": _any(_START), "start_all": _all(_START),
    "not_start": _negated(_START), "not_start_any": _any(_negated(_START)), "not_start_all": _all(_negated(_START)),
    "end": _END, "end_any": _any(_END), "end_all": _all(_END),
    "not_end": _negated(_END), "not_end_any": _any(_negated(_END)), "not_end_all": _all(_negated(_END)),
    "cont": _CONT, "cont_any": _any(_CONT), "cont_all": _all(_CONT),
    "not_cont": _negated(_CONT), "not_cont_all": _all(_negated(_CONT)),
    "i_cont": _CONT, "not_i_cont": _negated(_CONT),
    "jcont": _json,
    "true": _truth(True), "false": _truth(False),
}  # fmt: skip
_BY_LENGTH = sorted(PREDICATES, key=len, reverse=True)


class Found(msgspec.Struct):
    """Gathers the fields that a filter asks about, each as `?name`: names of a caller are never those of a listing."""

    resource: Resource
    served: Mapping[str, Resource]
    fields: dict[str, Field]

    def field(self, name: str) -> str | None:
        """The key in `fields` for an attribute, an id, or an attribute behind the names of relationships."""
        key = f"?{name}"
        if key not in self.fields:
            found = _field(self.resource, name, self.served, (self.resource.type,))
            if found is None:
                return None
            self.fields[key] = found
        return key


_NOTHING = Field("null::text", "none")  # whatever there may be of what is not kept here
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_JOINT = re.compile("_(or|and)_")


def _empty(one: Relationship, name: str, served: Mapping[str, Resource], met: tuple[str, ...]) -> Field | None:
    """What a relationship that leads nowhere has by this name. Of types that we do not keep, any name may be one."""
    if name == "id":
        return _NOTHING
    target = served.get(one.targets[0])
    if target is None:
        is_name = _WORD.fullmatch(name) and not _JOINT.search(name)
        return _NOTHING if is_name else None
    known = target.type not in met and _field(target, name, served, (*met, target.type)) is not None
    return _NOTHING if known else None


def _field(resource: Resource, name: str, served: Mapping[str, Resource], met: tuple[str, ...]) -> Field | None:
    if name == "id":
        return resource.listing.fields["id"]
    known = (*resource.attributes, *resource.scopes)
    attribute = next((one for one in known if one.name == name and one.field), None)
    if attribute is not None:
        assert attribute.field is not None
        return resource.listing.fields[attribute.field]
    for one in resource.relationships:
        if one.filters and name.startswith(f"{one.name}_"):
            found = _behind(resource, one, name[len(one.name) + 1 :], served, met)
            if found is not None:
                return found
    return None


def _behind(
    resource: Resource, one: Relationship, name: str, served: Mapping[str, Resource], met: tuple[str, ...]
) -> Field | None:
    """A field of what a relationship leads to, seen from its owner."""
    if one.own is not None and one.kind is not None:  # of several types: they have nothing but the id in common
        return resource.listing.fields[one.own] if name == "id" else None
    target = served.get(one.targets[0])
    if target is None or (one.own is None and one.key is None):
        is_own = resource.attribute(f"{one.name}_{name}") is not None
        return None if is_own else _empty(one, name, served, met)
    if target.type in met:
        return None
    seen = target if one.listing is None else msgspec.structs.replace(target, listing=one.listing)
    inner = _field(seen, name, served, (*met, target.type))
    if inner is None:
        return None
    own = resource.listing.fields[one.own].sql if one.own else resource.listing.identity
    return across(own, seen.listing, one.key or "id", inner)


def condition(found: Found, key: str, text: str) -> Filter:
    """The filter for one key of `filter[q]`. Raises Refusal."""
    if len(text) > VALUE_LENGTH_MAX or "\0" in text:
        raise Refusal("INVALID_FILTER_VALUE", "Invalid filter value", "The value is too long.")
    for predicate in _BY_LENGTH:
        if not key.endswith(f"_{predicate}"):
            continue
        names = key[: -len(predicate) - 1]
        parts = _joined(found, names)
        if parts is not None:
            joined, known = parts
            made = tuple(_asked(found, name, predicate, text) for name in known)
            return made[0] if len(made) == 1 else joined(made)
    raise Refusal(
        "FILTER_NOT_ALLOWED", "Filter not allowed", f"{key[:100]} is not allowed.", parameter=f"filter[q][{key[:100]}]"
    )


def _joined(found: Found, names: str) -> tuple[Callable[[tuple[Filter, ...]], Filter], list[str]] | None:
    if (one := found.field(names)) is not None:
        return Every, [one]
    for word, how in (("_or_", Some), ("_and_", Every)):
        parts = names.split(word)
        known = [found.field(part) for part in parts] if 1 < len(parts) <= DEPTH_MAX * 2 else []
        if known and all(name is not None for name in known):
            return how, [name for name in known if name is not None]
    return None


def _asked(found: Found, name: str, predicate: str, text: str) -> Filter:
    field = found.fields[name]
    names_id = field.kind == "integer" and (name == "?id" or name.endswith("_id"))
    if names_id and predicate.removesuffix("_or_null") in ("eq", "in", "not_eq", "not_in", "not_eq_all"):
        text = ",".join(str(ids.read(one) or 0) for one in _listed(text))
    return PREDICATES[predicate](name, field.kind, text)


def first_level(found: Found, key: str, text: str) -> Filter:
    """The filter for `filter[key]`: equality, ids, bounds of dates. A comma lists several values. Raises Refusal."""
    name = {"ids": "id"}.get(key, key)
    for ending, op in (("_from", "gteq"), ("_to", "lteq")):
        if key.endswith(ending) and found.field(key[: -len(ending)]) is not None:
            return condition(found, f"{key[: -len(ending)]}_{op}", text)
    known = found.field(name)
    if known is None:
        raise Refusal(
            "FILTER_NOT_ALLOWED", "Filter not allowed", f"{key[:100]} is not allowed.", parameter=f"filter[{key[:100]}]"
        )
    return condition(found, f"{name}_jcont" if found.fields[known].kind == "json" else f"{name}_in", text)


def limited(parts: list[Filter]) -> Filter | None:
    """All of these, unless they are too much at once. Raises Refusal."""
    whole = Every(tuple(parts))
    if _nodes(whole) > NODES_MAX + WITHIN_MAX:
        raise Refusal("INVALID_FILTERS_SYNTAX", "Invalid filters syntax", "The filter asks too much at once.")
    return whole if parts else None


def _nodes(node: Filter) -> int:
    match node:
        case Every(parts) | Some(parts):
            return 1 + sum(_nodes(part) for part in parts)
        case Not(part):
            return 1 + _nodes(part)
        case _:
            return 1
