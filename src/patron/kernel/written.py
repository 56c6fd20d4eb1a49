"""What callers write of a record, checked by one table of rules: texts with their lengths, and free metadata."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.kernel.errors import Faults, Invalid, Problem
from patron.kernel.values import holds_card_number


class Text(msgspec.Struct, frozen=True):
    """The rule of one text. `free`: people write what they like, so no card number may stand in it."""

    length: int
    required: bool = False
    free: bool = False


# What every record of the second dialect has.
REFERENCES: dict[str, Text] = {"reference": Text(200), "reference_origin": Text(200)}


def checked(given: Mapping[str, Any], rules: Mapping[str, Text], *, is_new: bool) -> dict[str, Any]:
    """The texts and the metadata among what is given, as they are to be stored: trimmed, blank as null.

    Raises Invalid with every fault.
    """
    faults = Faults()
    values: dict[str, Any] = {}
    for name, rule in rules.items():
        if name in given or (is_new and rule.required):
            with faults.of():
                values[name] = _text(name, given.get(name), rule)
    faults.tell()
    if "metadata" in given:
        values["metadata"] = given["metadata"] or {}
    return values


def trimmed(
    record: msgspec.Struct, lengths: Mapping[str, int], told_as: Mapping[str, str] | None = None
) -> tuple[dict[str, str | None], list[Problem]]:
    """What becomes of a record's texts without the blanks around them, where that is another, and which are too long.

    `told_as` has the names under which problems are told, where those differ.
    """
    changed: dict[str, str | None] = {}
    problems = []
    for name, length in lengths.items():
        text = getattr(record, name)
        if text is None:
            continue
        if len(text) > length:
            told = told_as.get(name, name) if told_as else name
            problems.append(Problem(told, f"has at most {length} characters", "too_long"))
        if (found := text.strip() or None) != text:
            changed[name] = found
    return changed, problems


def check_length(name: str, text: str | None, length: int) -> None:
    """Raise Invalid for a text that has more characters."""
    if text is not None and len(text) > length:
        raise Invalid.field(name, f"is too long (maximum is {length} characters)", "too_long")


def _text(name: str, text: str | None, rule: Text) -> str | None:
    text = (text or "").strip()
    if rule.required and not text:
        raise Invalid.field(name, "can't be blank", "missing")
    check_length(name, text, rule.length)
    if rule.free and holds_card_number(text):
        raise Invalid.field(name, "must not hold a card number")
    return text or None
