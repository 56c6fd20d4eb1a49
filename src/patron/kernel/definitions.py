"""What definitions of custom attributes share, whatever has the attributes: full names, bounds of values, metadata."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from patron.kernel.errors import Problem
from patron.kernel.patterns import PATTERN_LENGTH_MAX, pattern_fault
from patron.kernel.values import holds_card_number

CODE_LENGTH_MAX = 50
NAMESPACE_LENGTH_MAX = 200
DEFAULT_NAMESPACE = "tenant"
DIGITS_MAX = 30
METADATA_MAX = 100
METADATA_VALUE_LENGTH_MAX = 1000

NAME = re.compile(r"[A-Za-z0-9_-]+")


class Metadata(msgspec.Struct, frozen=True):
    """A note of programs on a definition."""

    key: str
    value: str


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of a value: those that go with its data type count. All are inclusive."""

    length_min: int | None = None
    length_max: int | None = None
    number_min: Decimal | None = None
    number_max: Decimal | None = None
    time_min: datetime | None = None
    time_max: datetime | None = None
    pattern: str | None = None


def fqn_key(name: str) -> str | None:
    """The form by which full names (`namespace~code`) are compared: in lower case. None for what can be no name."""
    parts = name.split("~")
    if len(parts) != 2 or len(name) > NAMESPACE_LENGTH_MAX + 1 + CODE_LENGTH_MAX:
        return None
    return name.lower() if all(map(NAME.fullmatch, parts)) else None


def name_problems(code: str | None, namespace: str | None) -> list[Problem]:
    """What is wrong with the parts of a full name that are there."""
    problems = []
    for field, text, most in (
        ("attribute_code", code, CODE_LENGTH_MAX),
        ("namespace", namespace, NAMESPACE_LENGTH_MAX),
    ):
        if text is not None and not NAME.fullmatch(text):
            problems.append(Problem(field, "has letters (a-z), digits, - and _ only"))
        elif text is not None and len(text) > most:
            problems.append(Problem(field, f"has at most {most} characters", "too_long"))
    return problems


def bound_problems(rules: Validation) -> list[Problem]:
    """What is wrong with bounds: an expression that we do not run, a lower bound above the upper one."""
    problems = []
    if any(bound is not None and bound < 0 for bound in (rules.length_min, rules.length_max)):
        problems.append(Problem("validation", "has a negative length"))
    numbers = [bound for bound in (rules.number_min, rules.number_max) if bound is not None]
    if any(len(bound.as_tuple().digits) > DIGITS_MAX or abs(bound.adjusted()) > DIGITS_MAX for bound in numbers):
        problems.append(Problem("validation", f"has numbers of at most {DIGITS_MAX} digits"))
    pairs: tuple[tuple[Any, Any], ...] = (
        (rules.length_min, rules.length_max),
        (rules.number_min, rules.number_max),
        (rules.time_min, rules.time_max),
    )
    if any(low is not None and high is not None and low > high for low, high in pairs):
        problems.append(Problem("validation", "has a lower bound above the upper one"))
    if rules.pattern and len(rules.pattern) > PATTERN_LENGTH_MAX:
        problems.append(Problem("regular_expression", f"has at most {PATTERN_LENGTH_MAX} characters", "too_long"))
    elif rules.pattern and (fault := pattern_fault(rules.pattern)):
        problems.append(Problem("regular_expression", fault))
    return problems


def metadata_problems(entries: list[Metadata]) -> list[Problem]:
    """What is wrong with metadata."""
    field = "attribute_metadata"
    if len(entries) > METADATA_MAX:
        return [Problem(field, f"has at most {METADATA_MAX} entries", "too_long")]
    problems = []
    for one in entries:
        if not one.key or not one.value:
            problems.append(Problem(field, "has entries with key and value", "missing"))
        elif len(one.key) > 50 or len(one.value) > METADATA_VALUE_LENGTH_MAX:
            problems.append(
                Problem(field, f"has keys and values of at most 50 and {METADATA_VALUE_LENGTH_MAX} characters")
            )
        elif holds_card_number(one.value):
            problems.append(Problem(field, "must not hold a card number"))
    return problems
