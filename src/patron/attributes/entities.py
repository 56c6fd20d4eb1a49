"""Which kinds of things have an attribute of orders, and which kind takes values over from which: what is sound.

An entry keeps its id for as long as it names the same kinds, however often the definition is replaced.
"""

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import msgspec

from patron.attributes.model import Definition, Details, Entity, Inheritance
from patron.kernel.errors import Problem

ENTITIES_MAX = 50
NAME_LENGTH_MAX = 50

E = TypeVar("E", Entity, Inheritance)


def trimmed(details: Details) -> Details:
    """The details without blanks around the names of kinds."""
    return msgspec.structs.replace(
        details,
        entities=[Entity(kind=one.kind.strip(), is_editable=one.is_editable) for one in details.entities],
        inheritance=[
            Inheritance(source=one.source.strip(), target=one.target.strip(), mode=(one.mode or "").strip() or None)
            for one in details.inheritance
        ],
    )


def problems(details: Details) -> list[Problem]:
    """What is wrong with either list."""
    kinds = [(one.kind,) for one in details.entities]
    ways = [(one.source, one.target) for one in details.inheritance]
    modes = [one.mode or "" for one in details.inheritance]
    return [*_problems("entity_configs", kinds, []), *_problems("inheritance_rules", ways, modes)]


def _problems(field: str, keys: Sequence[tuple[str, ...]], modes: list[str]) -> list[Problem]:
    if len(keys) > ENTITIES_MAX:
        return [Problem(field, f"has at most {ENTITIES_MAX} entries", "too_long")]
    names = [name for key in keys for name in key]
    found = []
    if not all(names):
        found.append(Problem(field, "has an entry without an entity type", "missing"))
    if any(len(name) > NAME_LENGTH_MAX for name in [*names, *modes]):
        found.append(Problem(field, f"has names of at most {NAME_LENGTH_MAX} characters", "too_long"))
    if len({tuple(name.casefold() for name in key) for key in keys}) < len(keys):
        found.append(Problem(field, "has an entry twice"))
    return found


def numbered(details: Details, before: Definition | None) -> Details:
    """The details with an id on every entry: of one that was there before the same, of a new one the next."""
    return msgspec.structs.replace(
        details,
        entities=_numbered(before.entities if before else [], details.entities, lambda one: one.kind.casefold()),
        inheritance=_numbered(
            before.inheritance if before else [],
            details.inheritance,
            lambda one: (one.source.casefold(), one.target.casefold()),
        ),
    )


def _numbered(before: list[E], given: list[E], key: Callable[[E], Hashable]) -> list[E]:
    known = {key(one): one.id for one in before}
    fresh = itertools.count(max(known.values(), default=0) + 1)
    return [msgspec.structs.replace(one, id=known.get(key(one)) or next(fresh)) for one in given]
