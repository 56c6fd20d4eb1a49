"""The second dialect as single facts: what its contract says (`jsonapi_resources.txt`), and what we declare.

A fact is a short line: `customers.email is required`. Where a name is missing as a whole, that is the one fact.
"""

from collections.abc import Iterator
from functools import cache

from contract.facts import lines
from patron.jsonapi import filters
from patron.jsonapi.catalogue import SERVED
from patron.jsonapi.errors import Refusal
from patron.jsonapi.resources import Attribute, Relationship, Resource

LETTERS = {"L": "listed", "S": "shown", "C": "made", "U": "changed", "D": "removed"}
FLAGS = {
    "r": "is read", "c": "is written on create", "u": "is written on update", "!": "is required", "f": "is filtered",
    "s": "is sorted by", "i": "is included", "v": "is virtual", "-": "is not for sales channels",
}  # fmt: skip


@cache
def contract() -> frozenset[str]:
    """All facts of the contract."""
    return frozenset(_contract())


def _contract() -> Iterator[str]:
    type_ = ""
    for line in lines("jsonapi_resources.txt"):
        what, *rest = line.split()
        if not line.startswith(" "):
            type_, (path, letters) = what, rest
            yield type_
            yield f"{type_} are at {path}"
            yield from (f"{type_} can be {LETTERS[letter]}" for letter in letters)
        elif what in "at":
            yield from _attribute(type_, *rest)
        elif what == "r":
            yield from _relationship(type_, *rest)
        else:
            for name in rest:
                for ending in ("", "_from", "_to") if name.endswith("*") else ("",):
                    yield f"{type_} are filtered by {name.removesuffix('*')}{ending}"


def _attribute(type_: str, name: str, kind: str, flags: str, values: str = "") -> Iterator[str]:
    yield f"{type_}.{name}"
    yield f"{type_}.{name} is of kind {kind}"
    if values:
        yield f"{type_}.{name} is one of {values}"
    yield from (f"{type_}.{name} {FLAGS[flag]}" for flag in flags.strip("."))


def _relationship(type_: str, name: str, many: str, targets: str, flags: str) -> Iterator[str]:
    yield f"{type_}.{name}"
    yield f"{type_}.{name} leads to {many}"
    yield from (f"{type_}.{name} leads to {target}" for target in targets.split("|"))
    yield from (f"{type_}.{name} {FLAGS[flag]}" for flag in flags.strip("."))


@cache
def declared() -> frozenset[str]:
    """All facts of our declarations, and of the contract's filters those that work."""
    return frozenset(fact for resource in SERVED.values() for fact in _declared(resource))


def _declared(resource: Resource) -> Iterator[str]:
    type_ = resource.type
    yield type_
    yield f"{type_} are at /{resource.path}"
    yield from (f"{type_} can be {LETTERS[letter]}" for letter in resource.letters)
    for one in (*resource.attributes, *resource.triggers):
        yield from _attribute(type_, one.name, one.kind, _flags_of(one), "|".join(one.enum) if one.write else "")
    for link in resource.relationships:
        many = "many" if link.to_many else "one"
        yield from _relationship(type_, link.name, many, "|".join(link.targets), _link_flags_of(link))
    asked = f"{type_} are filtered by "
    yield from (fact for fact in contract() if fact.startswith(asked) and takes(resource, fact.removeprefix(asked)))


def _flags_of(one: Attribute) -> str:
    has = {
        "r": one.column is not None or one.of_caller is not None, "c": "c" in one.write, "u": "u" in one.write,
        "!": one.required, "f": one.field is not None, "s": one.sorts, "-": bool(one.private),
    }  # fmt: skip
    return "".join(flag for flag, is_so in has.items() if is_so)


def _link_flags_of(one: Relationship) -> str:
    has = {
        "c": "c" in one.write, "u": "u" in one.write, "!": one.required, "f": one.filters, "i": one.includes,
        "v": one.is_virtual, "-": one.is_private,
    }  # fmt: skip
    return "".join(flag for flag, is_so in has.items() if is_so)


def takes(resource: Resource, name: str) -> bool:
    """Whether filter[name] is a filter, whatever it says to the value."""
    try:
        filters.first_level(filters.Found(resource, SERVED, {}), name, "1")
    except Refusal as refusal:
        return refusal.code != "FILTER_NOT_ALLOWED"
    return True


def without_details(facts: frozenset[str], known: frozenset[str]) -> set[str]:
    """The facts that the other side lacks; of a resource or name that it lacks as a whole, only that."""

    def is_detail(fact: str) -> bool:
        subject = fact.split()[0]
        parts = {subject, subject.partition(".")[0]} - {fact}
        return any(part not in known for part in parts)

    return {fact for fact in facts - known if not is_detail(fact)}
