"""Rules of segments as this dialect writes them, our own extension of the contract (docs/segments.md).

A rule comes as text, in the language of `filter`, or as a tree: nodes in which `every`, `some` and `not` hold further
nodes, and comparisons with `field`, `op` and `value`. Fields and operators are those of `filter`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import UNSET

from patron.attributes import queries as attributes
from patron.kernel.context import Ctx
from patron.kernel.errors import BadAsk, Invalid
from patron.kernel.query import Ago, Compare, Every, Field, Filter, Not, Op, Some, Unit, Value
from patron.kibo import filters
from patron.kibo.accounts import NAMES
from patron.kibo.rule_bodies import RuleNode, RuleTrial, SegmentRule
from patron.kibo.wire import time
from patron.segments import rule_actions
from patron.segments.fields import ATTRIBUTE, FIELDS
from patron.segments.rule_queries import State
from patron.segments.rules import CODE

# The fields of a rule as they are shown: `NAMES` knows them in lower case.
_SPELLED = (
    "id userId firstName lastName emailAddress userName externalId companyOrOrganization accountType customerSet "
    "acceptsMarketing isAnonymous isActive isLocked taxId taxExempt localeCode customerSinceDate createDate "
    "updateDate commerceSummary.orderCount commerceSummary.totalOrderAmount commerceSummary.lastOrderDate "
    "commerceSummary.wishlistCount commerceSummary.visitsCount segments.id contacts.id contacts.email "
    "contacts.firstName contacts.middleNameOrInitial contacts.lastNameOrSurname contacts.companyOrOrganization "
    "contacts.label contacts.faxNumber contacts.phoneNumbers.home contacts.phoneNumbers.mobile "
    "contacts.phoneNumbers.work contacts.address.address1 contacts.address.address2 contacts.address.address3 "
    "contacts.address.address4 contacts.address.cityOrTown contacts.address.stateOrProvince "
    "contacts.address.postalOrZipCode contacts.address.countryCode contacts.address.addressType "
    "contacts.address.isValidated contacts.createDate contacts.updateDate creditBalance credits.creditType "
    "credits.customCreditType credits.currencyCode credits.currentBalance credits.activationDate "
    "credits.expirationDate lastVisitDate visits.date visits.type visits.websiteId visits.locationCode "
    "visits.deviceClass "
).split()
SHOWN = {NAMES[name.lower()]: name for name in _SPELLED}
_OPS: Mapping[Op, str] = {op: word for word, op in filters.OPS.items()}
_UNITS: dict[object, Unit] = {"minutes": "minutes", "hours": "hours", "days": "days", "weeks": "weeks"}


async def read(ctx: Ctx, body: SegmentRule | RuleTrial) -> Filter:
    """The rule that a caller wrote, as text or as a tree; call it within `named`. Raises Invalid, BadAsk."""
    if body.tree is None:
        return await _read_text(ctx, body.filter)
    tree = _node(body.tree, "")
    if body.filter is not None:  # as we show it: whoever sends back what they read sends both
        both = [await rule_actions.prepared(ctx, one) for one in (tree, await _read_text(ctx, body.filter))]
        if both[0] != both[1]:
            raise Invalid.field("rule", "and filter say different things: send the one that counts")
    return tree


async def _read_text(ctx: Ctx, text: str | None) -> Filter:
    terms = filters.parse(text)
    if not terms:
        raise Invalid.field("rule", "or tree is needed", "missing")
    custom = {term.field for every in terms for term in every if term.field.startswith(ATTRIBUTE)}
    found = await attributes.filter_fields(ctx, {name.removeprefix(ATTRIBUTE) for name in custom})
    names = {**NAMES, **{name: name for name in custom}}
    tree = filters.bind(terms, names, {**FIELDS, CODE: Field("s.code"), **found})
    assert tree is not None
    return tree


@contextmanager
def named(body: SegmentRule | RuleTrial, prefix: str = "") -> Iterator[None]:
    """Faults of a rule are those of the field that it was written in, whose own name begins with `prefix`."""
    whole = "filter" if body.tree is None else "tree"
    try:
        yield
    except BadAsk as error:
        raise Invalid.field(f"{prefix}{error.parameter}", error.message) from None
    except Invalid as error:
        problems = [
            replace(p, field=prefix + (whole if p.field == "rule" or body.tree is None else f"tree.{p.field}"))
            for p in error.problems
        ]
        raise Invalid(*problems) from None


def _node(node: RuleNode, path: str) -> Filter:
    forms = [name for name in ("every", "some", "not_", "field") if getattr(node, name) is not UNSET]
    if len(forms) != 1:
        raise Invalid.field(
            path.rstrip(".") or "rule", "is one of every, some, not, or a comparison with field, op and value"
        )
    match forms[0]:
        case "not_":
            assert isinstance(node.not_, RuleNode)
            return Not(_node(node.not_, f"{path}not."))
        case "every" | "some" as word:
            inner = [_node(part, f"{path}{word}[{n}].") for n, part in enumerate(getattr(node, word))]
            return Every(tuple(inner)) if word == "every" else Some(tuple(inner))
    op = filters.OPS.get(str(node.op).lower())
    if op is None:
        raise Invalid.field(f"{path}op", f"is one of {', '.join(filters.OPS)}")
    name = str(node.field).lower()
    value = node.value if isinstance(node.value, list) else [node.value]
    values = tuple(_value(one, f"{path}value") for one in value)
    known = name if name.startswith(ATTRIBUTE) else NAMES.get(name, name)
    return Compare(known, op, values if isinstance(node.value, list) else values[0])


def _value(value: Any, path: str) -> Value:
    match value:
        case {"ago": int(count), **rest} | {"ahead": int(count), **rest}:
            unit = rest.get("unit", "days")
            if unit in _UNITS and len(rest) <= 1 and not isinstance(count, bool) and count >= 0:
                return Ago(count if "ago" in value else -count, _UNITS[unit])
        case str() | int() | Decimal() | None:
            return value
    if value is UNSET:
        return None
    raise Invalid.field(path, 'is text, a number, true, false, null, or a moment: {"ago": 30, "unit": "days"}')


def _word(name: str) -> str:
    return SHOWN.get(name) or next((wire for wire, known in NAMES.items() if known == name), name)


def shown_tree(node: Filter) -> RuleNode:
    """A rule as this dialect shows it."""
    match node:
        case Every(parts):
            return RuleNode(every=[shown_tree(part) for part in parts])
        case Some(parts):
            return RuleNode(some=[shown_tree(part) for part in parts])
        case Not(part):
            return RuleNode(not_=shown_tree(part))
    return RuleNode(field=_word(node.field), op=_OPS[node.op], value=_shown_values(node))


def _shown_values(node: Compare) -> Any:
    return [_shown_value(one) for one in node.value] if isinstance(node.value, tuple) else _shown_value(node.value)


def _shown_value(value: Value) -> Any:
    match value:
        case Ago(count, unit):
            return {"ago" if count >= 0 else "ahead": abs(count), "unit": unit}
        case datetime():
            return time(value)
    return value


def shown_text(node: Filter) -> str | None:
    """A rule in the language of `filter`; None for one that it has no words for."""
    alternatives = node.parts if isinstance(node, Some) else (node,)
    texts = []
    for one in alternatives:
        terms = one.parts if isinstance(one, Every) else (one,)
        if not all(isinstance(term, Compare) for term in terms):
            return None
        texts.append(" and ".join(_term(term) for term in terms if isinstance(term, Compare)))
    return " or ".join(texts)


def _term(one: Compare) -> str:
    value = one.value
    text = f"[{','.join(_literal(v) for v in value)}]" if isinstance(value, tuple) else _literal(value)
    return f"{_word(one.field)} {_OPS[one.op]} {text}"


def _literal(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return str(time(value))
        case Ago(count, unit):
            return f"{abs(count)} {unit} {'ago' if count >= 0 else 'ahead'}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def shown(state: State) -> SegmentRule:
    """A rule and how far it is, as this dialect shows it."""
    return SegmentRule(
        filter=shown_text(state.tree),
        tree=shown_tree(state.tree),
        state=state.state,
        done=state.done,
        total=state.total,
        saved_by=state.saved_by,
        saved_date=time(state.saved_at),
        evaluated_date=time(state.evaluated_at),
        lag_seconds=state.lag_seconds,
        error=state.error,
    )
