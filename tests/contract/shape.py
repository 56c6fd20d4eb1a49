"""Whether an answer is as the contract has it: every field there, of its type, and null only where it may be."""

import re
from collections.abc import Iterator
from typing import Any

from contract import facts
from contract.facts import Type

# Where our answers are null though the contract's type is not: no account stands behind an anonymous ticket.
NULL = {"CustomerAuthTicket.customerAccount"}

_KINDS: dict[str, Any] = {"string": str, "boolean": bool, "number": int | float}
_FORMATS = {"date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")}


def unlike(answer: Any, type_: Type | None, *, thinned: bool = False) -> list[str]:
    """What in an answer is not as the contract has it; `thinned`: the caller asked for some fields only."""
    if type_ is None:
        return [] if answer is None else ["has a body"]
    return list(_unlike(answer, type_, "", thinned))


def _unlike(value: Any, type_: Type, where: str, thinned: bool) -> Iterator[str]:
    if value is None:
        if not type_.nullable:
            yield f"{where} is null"
    elif type_.array:
        item = Type(type_.name, type_.format, nullable=type_.name == "any")
        for n, one in enumerate(value):
            yield from _unlike(one, item, f"{where}[{n}]", thinned)
    elif type_.name in facts.models():
        yield from _fields(value, type_.name, where, thinned)
    elif not _is(value, type_):
        yield f"{where} is {value!r}"


def _fields(value: Any, model: str, where: str, thinned: bool) -> Iterator[str]:
    for name, type_ in facts.models()[model].items():
        if name not in value:
            if not thinned:
                yield f"{where}.{name} is not there"
        elif value[name] is not None or f"{model}.{name}" not in NULL:
            yield from _unlike(value[name], type_, f"{where}.{name}", thinned)


def _is(value: Any, type_: Type) -> bool:
    """Whether a single value is of its type. JavaScript writes whole numbers without a fraction, whatever they are."""
    if type_.name == "any":
        return True
    if not isinstance(value, _KINDS[type_.name]) or (type_.name == "number" and isinstance(value, bool)):
        return False
    if type_.format == "int32":
        return isinstance(value, int)
    return type_.format not in _FORMATS or bool(_FORMATS[type_.format].fullmatch(value))
