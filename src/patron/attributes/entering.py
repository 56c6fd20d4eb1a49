"""What comes of a form with values of several attributes, whoever has them: accounts here, orders elsewhere.

Pure: whoever keeps the values reads the definitions, asks `entered`, and writes what it says.
"""

from collections.abc import Mapping

from patron.attributes.model import Definition
from patron.attributes.values import Value, checked, is_blank
from patron.kernel.errors import Faults, Forbidden, Invalid, NotFound, Problem

ATTRIBUTES_AT_ONCE_MAX = 200

Given = dict[str, list[object]]


def entered(
    definitions: Mapping[str, Definition],
    given: Given,
    *,
    by_shopper: bool,
    held: Mapping[int, list[Value]] | None = None,
) -> list[tuple[Definition, list[Value]]]:
    """What there is to write: definitions with their values as they are stored. What is the same as before is left out.

    `definitions` of one family by full name in lower case: those that are named, and for a shopper also the required
    ones; `held`: the values before, by definition. A shopper may write what is for shoppers to write, and must give
    what is asked of shoppers; an application may write all of it, and leave out any (Kibo behaviour 9.2, 9.3).
    Raises NotFound, Forbidden, or Invalid with every fault.
    """
    held = held or {}
    named = _named(definitions, given)
    changes: list[tuple[Definition, list[Value]]] = []
    faults = Faults()
    for definition, values in named:
        is_same = definition.id in held and _is_same(held[definition.id], values)
        # Of values that a shopper cannot see we do not tell whether they are the same.
        is_no_change = is_same and definition.is_for_shoppers
        if by_shopper and not definition.is_written_by_shoppers and not is_no_change:
            raise Forbidden(f"A shopper may not change the attribute {definition.fqn}.")
        if is_same:
            continue
        with faults.of():
            changes.append((definition, checked(definition, values)))
    if by_shopper:
        filled = {definition.id for definition, values in named if not is_blank(values)}
        asked = [one.fqn for one in definitions.values() if one.is_asked_of_shoppers and one.id not in filled]
        faults.problems += [Problem(fqn, "is needed", "missing") for fqn in asked]
    faults.tell()
    return changes


def _named(definitions: Mapping[str, Definition], given: Given) -> list[tuple[Definition, list[object]]]:
    if len(given) > ATTRIBUTES_AT_ONCE_MAX:
        raise Invalid.field("attributes", f"has at most {ATTRIBUTES_AT_ONCE_MAX} entries", "too_long")
    named: dict[str, tuple[Definition, list[object]]] = {}
    for name, values in given.items():
        if not name:
            raise Invalid.field("fully_qualified_name", "is needed", "missing")
        if name.lower() not in definitions:
            raise NotFound("attribute definition", name[:60])
        if name.lower() in named:
            raise Invalid.field(definitions[name.lower()].fqn, "is named twice")
        named[name.lower()] = (definitions[name.lower()], values)
    return list(named.values())


def _is_same(stored: list[Value], given: list[object]) -> bool:
    """Whether values come back as they are; true is not 1 here."""
    return [(type(one) is bool, one) for one in stored] == [(type(one) is bool, one) for one in given]
