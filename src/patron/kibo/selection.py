"""`responseFields` and `fields`: which parts of an answer the caller wants (Kibo behaviour 5.4, 5.5).

A selection is a tree of lower-case names; None at a name means all below it.
"""

import re
from functools import cache, lru_cache
from typing import Any, Optional

import msgspec

from patron.kernel.errors import BadAsk

Selection = dict[str, Optional["Selection"]]

LENGTH_MAX = 8_000
DEPTH_MAX = 10

_TOKEN = re.compile(r"[^(),\s]+|[(),]")


def parse(text: str | None, parameter: str = "responseFields") -> Selection | None:
    """Read a comma list with nested parentheses or dots. None means everything. Raises BadAsk.

    What it gives belongs to everybody: whoever wants another selection makes a new one.
    """
    if text is None or not text.strip():
        return None
    if len(text) > LENGTH_MAX:
        raise BadAsk(parameter, f"has at most {LENGTH_MAX} characters")
    return (_remembered if len(text) <= _REMEMBERED_LENGTH_MAX else _parsed)(text, parameter)


def _parsed(text: str, parameter: str) -> Selection | None:
    stack: list[Selection] = [{}]
    last: tuple[Selection, str] | None = None
    for token in _TOKEN.findall(text):
        if token == "(":
            if last is None or len(stack) > DEPTH_MAX:
                raise BadAsk(parameter, "has parentheses in the wrong place")
            stack.append(_open(*last))
        elif token == ")":
            if len(stack) == 1:
                raise BadAsk(parameter, "has unbalanced parentheses")
            stack.pop()
        last = None
        if token not in ("(", ")", ","):
            last = _add(stack[-1], token, parameter)
    if len(stack) != 1:
        raise BadAsk(parameter, "has unbalanced parentheses")
    return stack[0] or None


# A client asks for the same parts over and over.
_REMEMBERED_LENGTH_MAX = 500
_remembered = lru_cache(maxsize=2_000)(_parsed)


def _add(into: Selection, name: str, parameter: str) -> tuple[Selection, str]:
    *path, last = [part for part in name.lower().split(".") if part] or [""]
    if len(path) > DEPTH_MAX:
        raise BadAsk(parameter, "is nested too deeply")
    for part in path:
        into = _open(into, part)
    into.setdefault(last, None)
    return into, last


def _open(into: Selection, name: str) -> Selection:
    """What is selected below a name, to be added to."""
    inner = into.get(name)
    if inner is None:
        inner = into[name] = {}
    return inner


def of_items(selection: Selection | None, fields: Selection | None, frame: tuple[str, ...]) -> Selection | None:
    """Add the parameter `fields`, which speaks of a collection's items only."""
    if fields is None:
        return selection
    if selection is None:
        return {**dict.fromkeys(frame), "items": fields}
    if "items" in selection:
        return {**selection, "items": {**(selection["items"] or {}), **fields}}
    return selection


def below(selection: Selection | None, name: str) -> Selection | None:
    """What is selected below a name; `{}` when the name is not selected at all."""
    if selection is None:
        return None
    return selection.get(name, {})


def wants(selection: Selection | None, name: str) -> bool:
    """Whether a name is selected."""
    return selection is None or name in selection


def project(value: Any, selection: Selection | None) -> Any:
    """The selected part of an answer. Names that it does not have are ignored."""
    if selection is None or value is None:
        return value
    if isinstance(value, list):
        return [project(one, selection) for one in value]
    if isinstance(value, msgspec.Struct):
        names = _names(type(value))
        return {
            names[name][1]: project(found, inner)
            for name, inner in selection.items()
            if name in names and (found := getattr(value, names[name][0])) is not msgspec.UNSET
        }
    return value


def spelled(struct: type[msgspec.Struct], selection: Selection) -> tuple[str, ...]:
    """The selected names as the wire spells them."""
    known = _names(struct)
    return tuple([known[name][1] for name in selection])


@lru_cache(maxsize=500)
def row(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A row of just these names, as the wire spells them: it is made and written several times as fast as a dict."""
    return msgspec.defstruct("Row", names)


@cache
def _names(struct: type[msgspec.Struct]) -> dict[str, tuple[str, str]]:
    return {
        wire.lower(): (name, wire)
        for name, wire in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    }
