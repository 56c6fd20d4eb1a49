"""The dialect's `filter` and `sortBy` (Kibo behaviour 5.2, 5.3), read into the filter tree.

    filter := term ( and term )*        "or" binds less
    term   := field op value            op: eq ne gt ge lt le cont sw in
    value  := 'quoted text' | null | [list] | bare text up to the next " and ", " or " or the end
              of times also: 30 days ago, 12 hours ahead (minutes, hours, days, weeks)

Reading takes two steps: `parse` knows the grammar; `bind` knows the fields of a resource and their types.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from patron.kernel.errors import BadAsk
from patron.kernel.query import (
    AGO_MAX,
    NODES_MAX,
    WITHIN_MAX,
    Ago,
    Compare,
    Every,
    Field,
    Fields,
    Filter,
    Op,
    Some,
    Sort,
    Value,
)

LENGTH_MAX = 60_000
VALUE_LENGTH_MAX = 1_000

OPS: dict[str, Op] = {
    "eq": "eq",
    "ne": "ne",
    "gt": "gt",
    "ge": "ge",
    "lt": "lt",
    "le": "le",
    "cont": "has",
    "sw": "starts",
    "in": "within",
}
_HEAD = re.compile(r"\s*+(?P<field>[A-Za-z_][\w~-]*+(?:\.[\w~-]++)*+)\s++(?P<op>[A-Za-z]++)\s++", re.ASCII)
# Every repetition is possessive (*+, ++): a pattern reads each character once, whatever a stranger sends.
_QUOTED = re.compile(r"'(?P<text>(?:[^']|'')*+)'")
_WORD = re.compile(r"\s*+(?P<word>\S++)")
_LIST = re.compile(r"\[(?P<items>(?:'(?:[^']|'')*+'|[^'\]])*+)\]")
_LIST_ITEM = re.compile(r"\s*+(?:'(?P<quoted>(?:[^']|'')*+)'|(?P<bare>[^',]++))\s*+(?:,|$)")
_JOIN = re.compile(r"\s++(?P<word>and|or)(?:\s++|$)|\s*+$", re.IGNORECASE)
_AGO = re.compile(r"(?P<count>\d{1,6}) (?P<unit>minute|hour|day|week)s? (?P<way>ago|ahead)", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,20})?", re.ASCII)


class Term(msgspec.Struct, frozen=True):
    """One comparison as written. A text value None is the literal null; a list is a tuple."""

    field: str
    op: Op
    value: str | tuple[str | None, ...] | None


def parse(text: str | None) -> list[list[Term]]:
    """The alternatives (or) of conjunctions (and) of a filter. Empty for no filter. Raises BadAsk."""
    if text is None or not text.strip():
        return []
    if len(text) > LENGTH_MAX:
        raise _bad(f"has at most {LENGTH_MAX} characters")
    alternatives: list[list[Term]] = [[]]
    at, count = 0, 0
    while True:
        term, at = _term(text, at)
        alternatives[-1].append(term)
        count += 1
        if count > NODES_MAX:
            raise _bad(f"has at most {NODES_MAX} terms")
        join = _JOIN.match(text, at)
        if join is None:
            raise _bad(f"cannot be read at position {at}")
        at = join.end()
        word = (join["word"] or "").lower()
        if not word:
            return alternatives
        if word == "or":
            alternatives.append([])


def _term(text: str, at: int) -> tuple[Term, int]:
    head = _HEAD.match(text, at)
    if head is None:
        raise _bad(f"cannot be read at position {at}: a field, an operator and a value are expected")
    op = OPS.get(head["op"].lower())
    if op is None:
        raise _bad(f"has no operator {head['op'][:20]}")
    at = head.end()
    field = head["field"].lower()
    if op == "within":
        found = _LIST.match(text, at)
        if found is None:
            raise _bad("needs a list in brackets after in")
        return Term(field, op, _items(found["items"])), found.end()
    if quoted := _QUOTED.match(text, at):
        return Term(field, op, _short(quoted["text"].replace("''", "'"))), quoted.end()
    bare, end = _bare(text, at)
    if not bare or bare.startswith("'"):
        raise _bad(f"has no value at position {at}")
    return Term(field, op, None if bare.lower() == "null" else _short(bare)), end


def _bare(text: str, at: int) -> tuple[str, int]:
    """The words from `at` up to the next `and` or `or`, as they are written, and where they end."""
    start = end = at
    while (found := _WORD.match(text, end)) and (end == at or found["word"].lower() not in ("and", "or")):
        start = found.start("word") if end == at else start
        end = found.end()
    return text[start:end], end


def _items(text: str) -> tuple[str | None, ...]:
    items: list[str | None] = []
    at = 0
    while at < len(text):
        found = _LIST_ITEM.match(text, at)
        bare = found["bare"].strip() if found and found["bare"] else None
        if found is None or bare == "":
            raise _bad("has a list that cannot be read")
        quoted = found["quoted"]
        if quoted is not None:
            items.append(_short(quoted.replace("''", "'")))
        else:
            items.append(None if bare is None or bare.lower() == "null" else _short(bare))
        at = found.end()
        if len(items) > WITHIN_MAX:
            break
    if not 0 < len(items) <= WITHIN_MAX:
        raise _bad(f"has a list of 1 to {WITHIN_MAX} values after in")
    return tuple(items)


def _short(text: str) -> str:
    if len(text) > VALUE_LENGTH_MAX:
        raise _bad(f"has values of at most {VALUE_LENGTH_MAX} characters")
    if "\0" in text:
        raise _bad("must not hold NUL characters")
    return text


def bind(alternatives: list[list[Term]], names: Mapping[str, str], fields: Fields) -> Filter | None:
    """The filter tree: `names` leads from lower-case wire names to `fields`. Raises BadAsk."""
    if not alternatives:
        return None
    some: list[Filter] = []
    for terms in alternatives:
        every = tuple(_compare(term, names, fields) for term in terms)
        some.append(every[0] if len(every) == 1 else Every(every))
    return some[0] if len(some) == 1 else Some(tuple(some))


def _compare(term: Term, names: Mapping[str, str], fields: Fields) -> Compare:
    name = names.get(term.field)
    if name is None or name not in fields:
        raise _bad(f"has no field {term.field[:60]}")
    field = fields[name]
    if isinstance(term.value, tuple):
        return Compare(name, term.op, tuple(_literal(term.field, field, value) for value in term.value))
    if term.value is None:
        if term.op not in ("eq", "ne"):
            raise _bad(f"compares {term.field} with null by other than eq and ne")
        return Compare(name, term.op, None)
    if term.op in ("has", "starts") and field.kind != "text":
        raise _bad(f"has an operator for text on {term.field}, which is no text")
    if field.kind == "bool" and term.op not in ("eq", "ne"):
        raise _bad(f"compares {term.field} by other than eq and ne")
    return Compare(name, term.op, _literal(term.field, field, term.value))


def _literal(name: str, field: Field, text: str | None) -> Value:
    if text is None or field.kind == "text":
        return text
    if field.kind == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if field.kind in ("integer", "number") and _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    if field.kind == "time" and (moving := ago(text)) is not None:
        return moving
    if field.kind == "time":
        try:
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _bad(f"has a value for {name[:60]} that is no {field.kind}")


def ago(text: str) -> Ago | None:
    """`30 days ago` or `12 hours ahead`: a moment that moves along with now."""
    found = _AGO.fullmatch(text.strip())
    if found is None or int(found["count"]) > AGO_MAX:
        return None
    count = int(found["count"]) * (-1 if found["way"].lower() == "ahead" else 1)
    return msgspec.convert({"type": "ago", "count": count, "unit": f"{found['unit'].lower()}s"}, Ago)


def sort(text: str | None, names: Mapping[str, str], fields: Fields) -> tuple[Sort, ...]:
    """`lastName asc, id desc` as sort order. Raises BadAsk."""
    if text is None or not text.strip():
        return ()
    order = []
    for part in text.split(","):
        words = part.split()
        if not 1 <= len(words) <= 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise BadAsk("sortBy", "is a list of: field asc, or field desc")
        name = names.get(words[0].lower())
        if name is None or name not in fields or fields[name].sort is None:
            raise BadAsk("sortBy", f"has no field {words[0][:60]}")
        order.append(Sort(name, descending=words[-1].lower() == "desc"))
    if len(order) > 5:
        raise BadAsk("sortBy", "has at most 5 fields")
    return tuple(order)


def _bad(message: str) -> BadAsk:
    return BadAsk("filter", message)
