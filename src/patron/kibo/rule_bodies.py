"""Bodies of segment rules: our own extension of the contract (docs/segments.md)."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from patron.kibo.wire import Given, Int32, Wire


class RuleNode(Wire):
    """A part of a rule: `every`, `some` or `not` with further parts, or a comparison of a field by `op` with `value`.

    A value may be a moment that moves along with now: `{"ago": 30, "unit": "days"}`, or `ahead`.
    """

    every: list["RuleNode"] | UnsetType = UNSET
    some: list["RuleNode"] | UnsetType = UNSET
    not_: "RuleNode | UnsetType" = msgspec.field(name="not", default=UNSET)
    field: str | UnsetType = UNSET
    op: str | UnsetType = UNSET
    value: Any = UNSET


class SegmentRule(Wire):
    """A rule, written as `filter` or as `tree`, and how far it is: all else is the server's to say.

    `lagSeconds`: how long the oldest changed account waits to be evaluated. `done` of `total` accounts are filled.
    """

    filter: str | None = None
    tree: RuleNode | None = None
    state: str | None = None
    done: Int32 | None = None
    total: Int32 | None = None
    saved_by: str | None = None
    saved_date: str | None = None
    evaluated_date: str | None = None
    lag_seconds: float | None = None
    error: str | None = None


class RuleTrial(Wire):
    """A rule to try out, and how many accounts to show of those that it finds."""

    filter: str | None = None
    tree: RuleNode | None = None
    sample_size: Int32 | None = None


class RulePreview(Wire):
    """How many accounts a rule finds at this moment, and the ids of the newest."""

    count: Int32 = 0
    sample: Given[list[Int32]] = None


class RuleVerdict(Wire):
    """What a part of a rule says about an account; of a comparison also which values the account holds."""

    holds: bool = False
    every: list["RuleVerdict"] | UnsetType = UNSET
    some: list["RuleVerdict"] | UnsetType = UNSET
    not_: "RuleVerdict | UnsetType" = msgspec.field(name="not", default=UNSET)
    field: str | UnsetType = UNSET
    op: str | UnsetType = UNSET
    value: Any = UNSET
    held: list[Any] | UnsetType = UNSET


class RuleExplanation(Wire):
    """Whether an account is in a segment, whether the rule has it there now, and what each part of the rule says."""

    is_member: bool = False
    holds: bool = False
    rule: RuleVerdict | None = None
