"""What a rule may be: checks, the form in which it is stored, and which rules build on which. No I/O.

A rule is a filter tree over the fields of an account. Times in it may move along with now (`Ago`).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from patron.kernel.errors import Invalid
from patron.kernel.query import (
    AGO_MAX,
    DEPTH_MAX,
    NODES_MAX,
    WITHIN_MAX,
    Ago,
    Compare,
    Every,
    Field,
    Fields,
    Filter,
    Not,
    Some,
    Value,
)
from patron.kernel.values import ID_MAX

VALUES_MAX = 500
TEXT_LENGTH_MAX = 1_000
LEVELS_MAX = 5
SEGMENT, CODE = "segments.id", "segments.code"

_ORDER = ("gt", "ge", "lt", "le")
_TEXT = ("has", "starts")


def checked(tree: Filter, fields: Fields) -> Filter:
    """The rule with each value in its field's kind. Raises Invalid with the path to what is wrong, `every[1].value`."""
    nodes = list(compares(tree))
    if len(nodes) > NODES_MAX:
        raise Invalid.field("rule", f"has at most {NODES_MAX} comparisons", "too_long")
    if value_count(tree) > VALUES_MAX:
        raise Invalid.field("rule", f"has at most {VALUES_MAX} values", "too_long")
    return _checked(tree, fields, "", 1)


def _checked(node: Filter, fields: Fields, path: str, depth: int) -> Filter:
    if depth > DEPTH_MAX:
        raise Invalid.field("rule", f"is nested at most {DEPTH_MAX} deep", "too_long")
    match node:
        case Every(parts) | Some(parts):
            word = "every" if isinstance(node, Every) else "some"
            if not parts:
                raise Invalid.field(f"{path}{word}", "has at least one entry", "missing")
            inner = [_checked(part, fields, f"{path}{word}[{n}].", depth + 1) for n, part in enumerate(parts)]
            return type(node)(tuple(inner))
        case Not(part):
            return Not(_checked(part, fields, f"{path}not.", depth + 1))
        case Compare(name, op, value):
            field = fields.get(name)
            if field is None:
                raise Invalid.field(f"{path}field", f"knows no {name[:60]}")
            _check_op(name, field, node, path)
            return Compare(name, op, _typed_all(field, value, f"{path}value"))


def _check_op(name: str, field: Field, node: Compare, path: str) -> None:
    is_list = isinstance(node.value, tuple)
    if is_list != (node.op == "within"):
        raise Invalid.field(f"{path}value", "is a list" if node.op == "within" else "is a single value")
    allowed = [
        "eq",
        "ne",
        "within",
        *(_ORDER if field.kind != "bool" else ()),
        *(_TEXT if field.kind == "text" else ()),
    ]
    if name in (SEGMENT, CODE):
        allowed = ["eq", "within"]
    if node.op not in allowed:
        raise Invalid.field(f"{path}op", f"does not go with {name[:60]}")
    if node.value is None and (node.op not in ("eq", "ne") or name in (SEGMENT, CODE)):
        raise Invalid.field(f"{path}value", "is needed", "missing")
    if isinstance(node.value, Ago) and node.op not in _ORDER:
        raise Invalid.field(f"{path}op", "compares a moment that moves by gt, ge, lt or le")


def _typed_all(field: Field, value: Value | tuple[Value, ...], path: str) -> Value | tuple[Value, ...]:
    if not isinstance(value, tuple):
        return _typed(field, value, path)
    if not 1 <= len(value) <= WITHIN_MAX:
        raise Invalid.field(path, f"has 1 to {WITHIN_MAX} entries")
    return tuple(_typed(field, one, f"{path}[{n}]") for n, one in enumerate(value))


def _typed(field: Field, value: Value, path: str) -> Value:
    """A value in the kind of its field; times may come as text."""
    match field.kind, value:
        case _, None:
            return None
        case "text", str() if len(value) <= TEXT_LENGTH_MAX:
            return value
        case "bool", bool():
            return value
        case "integer", int() if not isinstance(value, bool) and abs(value) <= ID_MAX:
            return value
        case "number", (int() | Decimal()) if not isinstance(value, bool):
            return value
        case "time", (datetime() | Ago()):
            if isinstance(value, Ago) and abs(value.count) > AGO_MAX:
                raise Invalid.field(path, f"goes at most {AGO_MAX} back or ahead")
            return value
        case "time", str():
            return read_time(value, path)
    raise Invalid.field(
        path, f"is no {field.kind}" + (f" of at most {TEXT_LENGTH_MAX} characters" * (field.kind == "text"))
    )


def read_time(text: str, path: str) -> datetime:
    """A moment in ISO 8601; without an offset it is UTC. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.field(path, "is no time (ISO 8601)") from None


def compares(tree: Filter) -> Iterator[Compare]:
    """The comparisons of a rule, in their order."""
    match tree:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from compares(part)
        case Not(part):
            yield from compares(part)
        case Compare():
            yield tree


def values_of(one: Compare) -> tuple[Value, ...]:
    """What a comparison compares with."""
    return one.value if isinstance(one.value, tuple) else (one.value,)


def value_count(tree: Filter) -> int:
    """How many values a rule compares with."""
    return sum(len(values_of(one)) for one in compares(tree))


def needs(tree: Filter) -> set[int]:
    """The segments that a rule asks about."""
    return {int(str(value)) for one in compares(tree) if one.field == SEGMENT for value in values_of(one)}


def moving(tree: Filter) -> list[Compare]:
    """The comparisons with moments that move along with now."""
    return [one for one in compares(tree) if isinstance(one.value, Ago)]


def crossing(one: Compare, since: datetime, now: datetime) -> Filter:
    """Which rows' answer to a moving comparison may have become another one between two moments."""
    assert isinstance(one.value, Ago)
    return Every((Compare(one.field, "ge", one.value.before(since)), Compare(one.field, "le", one.value.before(now))))


def order(needed: Mapping[int, set[int]]) -> list[list[int]]:
    """Segments in the order in which their rules can be evaluated: those of a level need those before it only.

    `needed` leads from a segment with a rule to those that its rule asks about. Raises Invalid for a circle.
    """
    levels: list[list[int]] = []
    waiting = {segment_id: wants & needed.keys() for segment_id, wants in needed.items()}
    while waiting:
        level = sorted(segment_id for segment_id, wants in waiting.items() if not wants & waiting.keys())
        if not level:
            raise Invalid.field("rule", f"goes round in a circle: {circle(waiting)}")
        levels.append(level)
        waiting = {segment_id: wants for segment_id, wants in waiting.items() if segment_id not in level}
    return levels


def circle(waiting: Mapping[int, set[int]]) -> str:
    """A way from a segment over those that it needs back to itself, `12 needs 14 needs 12`."""
    way = [min(waiting)]
    while way[-1] not in way[:-1]:
        way.append(min(waiting[way[-1]] & waiting.keys()))
    return " needs ".join(str(one) for one in way[way.index(way[-1]) :])


def to_json(node: Filter) -> dict[str, Any]:
    """A rule as it is stored."""
    match node:
        case Every(parts):
            return {"every": [to_json(part) for part in parts]}
        case Some(parts):
            return {"some": [to_json(part) for part in parts]}
        case Not(part):
            return {"not": to_json(part)}
        case Compare(field, op, value):
            stored = [_value(one) for one in value] if isinstance(value, tuple) else _value(value)
            return {"field": field, "op": op, "value": stored}


def _value(value: Value) -> Any:
    match value:
        case Ago(count, unit):
            return {"ago": count, "unit": unit}
        case datetime():
            return {"time": value.isoformat()}
    return value


def from_json(stored: Mapping[str, Any]) -> Filter:
    """The rule that was stored."""
    match stored:
        case {"every": parts}:
            return Every(tuple(from_json(part) for part in parts))
        case {"some": parts}:
            return Some(tuple(from_json(part) for part in parts))
        case {"not": part}:
            return Not(from_json(part))
    value = stored["value"]
    read = tuple(_read(one) for one in value) if isinstance(value, list) else _read(value)
    return Compare(stored["field"], stored["op"], read)


def _read(value: Any) -> Value:
    match value:
        case {"ago": count, "unit": unit}:
            return Ago(count, unit)
        case {"time": text}:
            return datetime.fromisoformat(text)
    return value  # type: ignore[no-any-return]


class Rule(msgspec.Struct, frozen=True):
    """A rule at work: the segment, its name, and its tree."""

    segment_id: int
    name: str
    tree: Filter
