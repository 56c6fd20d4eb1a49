"""The rules that a product attribute keeps: sizes, spellings, and which types go together in which use."""

from typing import Any

import msgspec

from patron.kernel.definitions import DEFAULT_NAMESPACE, bound_problems, fqn_key, metadata_problems, name_problems
from patron.kernel.errors import Invalid, Problem, Refused
from patron.product_attributes.model import TYPE_RULES, Attribute, Details

ADMIN_NAME_LENGTH_MAX = 50

USES = {"is_option": "Option", "is_property": "Property", "is_extra": "Extra"}
_TYPES = ("data_type", "input_type", "value_type")
_KNOWN = {name: {rule[place].lower(): rule[place] for rule in TYPE_RULES} for place, name in enumerate(_TYPES, start=1)}


def checked(details: Details) -> Details:
    """The details of a new attribute, with defaults and in the contract's spelling.

    Raises Invalid with every fault, or Refused for types that do not go together (Kibo behaviour 9.4).
    """
    details = _sound(details)
    _check_types(details)
    return details


def changed(before: Attribute, details: Details) -> Details:
    """The details of an attribute that is replaced: its names stay; types and uses that are left out stay.

    Raises Invalid, or Refused for another type.
    """
    kept = {
        name: getattr(before, name) if getattr(details, name) is None else getattr(details, name)
        for name in (*_TYPES, *USES)
    }
    after = _sound(msgspec.structs.replace(details, code=before.code, namespace=before.namespace, **kept))
    for name in _TYPES:
        if getattr(after, name) != getattr(before, name):
            raise Refused("attribute_type_fixed", f"The {name.replace('_', ' ')} of an attribute cannot change.")
    _check_types(after)
    return after


def _sound(details: Details) -> Details:
    """The details in canonical form. Raises Invalid with every field that is wrong by itself."""
    names = ("code", "namespace", "admin_name", "mapping", *_TYPES)
    given: dict[str, Any] = {name: (getattr(details, name) or "").strip() or None for name in names}
    given["validation"] = msgspec.structs.replace(details.validation, pattern=details.validation.pattern or None)
    details = msgspec.structs.replace(details, **given)
    problems = [*name_problems(details.code, details.namespace), *_types(details), *_others(details)]
    problems += [*bound_problems(details.validation), *metadata_problems(details.metadata)]
    if problems:
        raise Invalid(*problems)
    return msgspec.structs.replace(
        details,
        namespace=details.namespace or DEFAULT_NAMESPACE,
        **{name: known[getattr(details, name).lower()] for name, known in _KNOWN.items()},
        **{name: bool(getattr(details, name)) for name in (*USES, "is_mapping", "for_order_routing")},
    )


def _types(details: Details) -> list[Problem]:
    problems = []
    for name, known in _KNOWN.items():
        text = getattr(details, name)
        if text is None:
            problems.append(Problem(name, "is needed", "missing"))
        elif text.lower() not in known:
            problems.append(Problem(name, f"is one of {', '.join(known.values())}"))
    if not any(getattr(details, name) for name in (*USES, "is_mapping")):
        problems.append(Problem("is_property", "or another use must be set", "missing"))
    return problems


def _others(details: Details) -> list[Problem]:
    problems = []
    if details.admin_name is not None and len(details.admin_name) > ADMIN_NAME_LENGTH_MAX:
        problems.append(Problem("admin_name", f"has at most {ADMIN_NAME_LENGTH_MAX} characters", "too_long"))
    if details.mapping is not None and fqn_key(details.mapping) is None:
        problems.append(Problem("mapping", "is a full name: namespace~code"))
    return problems


def _check_types(details: Details) -> None:
    """Types that do not go together in a use (Kibo behaviour 9.4). Raises Refused.

    An attribute for mapping alone needs types that go together in any.
    """
    types = (details.data_type, details.input_type, details.value_type)
    known = {rule[0] for rule in TYPE_RULES if rule[1:] == types}
    used = {usage for name, usage in USES.items() if getattr(details, name)}
    if not known or not used <= known:
        raise Refused("attribute_types", f"{', '.join(map(str, types))} do not go together in this use.")
    if details.words and details.value_type != "Predefined":
        raise Refused("attribute_types", "Only a List has vocabulary values.")
