"""The rules that a definition keeps: what must be there, sizes, spellings, and which types go together."""

import re
from typing import Any

import msgspec

from patron.attributes import entities
from patron.attributes.model import Definition, Details, Word
from patron.kernel.definitions import DEFAULT_NAMESPACE, bound_problems, metadata_problems, name_problems
from patron.kernel.errors import Invalid, Problem, Refused

WORDS_MAX = 1000
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")

DATA_TYPES = {name.lower(): name for name in ("String", "Number", "Bool", "DateTime")}
INPUT_TYPES = {name.lower(): name for name in ("TextBox", "TextArea", "List", "YesNo", "Date", "DateTime")}
VALUE_TYPES = {name.lower(): name for name in ("Predefined", "AdminEntered", "ShopperEntered", "AdminOrShopperEntered")}
DISPLAY_GROUPS = {name.lower(): name for name in ("Admin", "AdminAndStorefront")}

# What an input makes. The first is taken when the caller names no data type (Kibo behaviour 9.1).
_MAKES = {
    "TextBox": ("String", "Number"),
    "TextArea": ("String",),
    "List": ("String", "Number"),
    "YesNo": ("Bool",),
    "Date": ("DateTime",),
    "DateTime": ("DateTime",),
}
_INPUT_FOR = {"String": "TextBox", "Number": "TextBox", "Bool": "YesNo", "DateTime": "DateTime"}
_KNOWN = {
    "data_type": DATA_TYPES,
    "input_type": INPUT_TYPES,
    "value_type": VALUE_TYPES,
    "display_group": DISPLAY_GROUPS,
}


def checked(details: Details) -> Details:
    """The details of a new definition, with defaults and canonical spellings.

    Raises Invalid with every fault, or Refused for types that do not go together (Kibo behaviour 9.1).
    """
    details = _sound(details)
    _check_combination(details)
    return details


def changed(before: Definition, details: Details) -> Details:
    """The details of a definition that is replaced: its names stay; types that are left out stay.

    Raises Invalid, or Refused for another type or a read-only definition that would be writable again.
    """
    after = _sound(
        msgspec.structs.replace(
            details,
            code=before.code,
            namespace=before.namespace,
            data_type=details.data_type or before.data_type,
            input_type=details.input_type or before.input_type,
            is_read_only=before.is_read_only if details.is_read_only is None else details.is_read_only,
        ),
        before,
    )
    for name in ("data_type", "input_type", "value_type"):
        if getattr(after, name) != getattr(before, name):
            raise Refused("attribute_type_fixed", f"The {name.replace('_', ' ')} of an attribute cannot change.")
    if before.is_read_only and not after.is_read_only:
        raise Refused("attribute_read_only", "A read-only attribute stays so.")
    _check_combination(after)
    return after


def _sound(details: Details, before: Definition | None = None) -> Details:
    """The details in canonical spelling. Raises Invalid with every field that is wrong by itself."""
    details = _trimmed(details)
    problems = [*_needed(details), *name_problems(details.code, details.namespace), *_spelling(details)]
    problems += [*_lengths(details), *bound_problems(details.validation), *_words(details.vocabulary)]
    problems += [*metadata_problems(details.metadata), *entities.problems(details)]
    if problems:
        raise Invalid(*problems)
    return entities.numbered(_canonical(details), before)


def _trimmed(details: Details) -> Details:
    names = ("code", "namespace", "admin_name", "data_type", "input_type", "value_type", "display_group")
    given: dict[str, Any] = {name: (getattr(details, name) or "").strip() or None for name in names}
    given["validation"] = msgspec.structs.replace(details.validation, pattern=details.validation.pattern or None)
    return entities.trimmed(msgspec.structs.replace(details, **given))


def _needed(details: Details) -> list[Problem]:
    fields = {"attribute_code": details.code, "display_group": details.display_group, "value_type": details.value_type}
    return [Problem(field, "is needed", "missing") for field, value in fields.items() if value is None]


def _spelling(details: Details) -> list[Problem]:
    return [
        Problem(name, f"is one of {', '.join(known.values())}")
        for name, known in _KNOWN.items()
        if (text := getattr(details, name)) is not None and text.lower() not in known
    ]


def _lengths(details: Details) -> list[Problem]:
    """Sizes of the contract (Kibo behaviour 9.1)."""
    texts = [
        ("admin_name", details.admin_name, 50),
        ("content", details.content.locale, 8),
        ("content", details.content.text, 100),
    ]
    return [_too_long(field, most) for field, text, most in texts if text is not None and len(text) > most]


def _too_long(field: str, most: int) -> Problem:
    return Problem(field, f"has at most {most} characters", "too_long")


def _words(words: list[Word]) -> list[Problem]:
    field = "vocabulary_values"
    if len(words) > WORDS_MAX:
        return [Problem(field, f"has at most {WORDS_MAX} entries", "too_long")]
    problems = []
    for word in words:
        if not word.value.strip():
            problems.append(Problem(field, "has an entry without a value", "missing"))
        elif len(word.value) > 50:
            problems.append(Problem(field, "has values of at most 50 characters", "too_long"))
        if not word.label.locale or not word.label.text:
            problems.append(Problem(field, "has content with localeCode and value", "missing"))
        elif len(word.label.locale) > 8 or len(word.label.text) > 100:
            problems.append(Problem(field, "has content of at most 8 and 100 characters", "too_long"))
    if len({word.value.casefold() for word in words}) < len(words):
        problems.append(Problem(field, "has a value twice"))
    return problems


def _canonical(details: Details) -> Details:
    """Defaults for what was left out; the spelling of the contract; the vocabulary in its order."""
    spelled = {name: known.get((getattr(details, name) or "").lower()) for name, known in _KNOWN.items()}
    input_type, data_type = spelled["input_type"], spelled["data_type"]
    if input_type is None:
        input_type = "List" if spelled["value_type"] == "Predefined" else _INPUT_FOR[data_type or "String"]
    spelled |= {"input_type": input_type, "data_type": data_type or _MAKES[input_type][0]}
    flags = {name: getattr(details, name) for name in Details.__struct_fields__ if name.startswith(("is_", "for_"))}
    defaults = {name: name in ("is_active", "is_visible") if flag is None else flag for name, flag in flags.items()}
    numbered = [
        msgspec.structs.replace(word, position=place if word.position is None else word.position)
        for place, word in enumerate(details.vocabulary, start=1)
    ]
    return msgspec.structs.replace(
        details,
        **spelled,
        **defaults,
        namespace=details.namespace or DEFAULT_NAMESPACE,
        vocabulary=sorted(numbered, key=lambda word: word.position or 0),
    )


def _check_combination(details: Details) -> None:
    """Types that do not go together (Kibo behaviour 9.1). Raises Refused."""
    is_list = details.input_type == "List"
    assert details.input_type is not None
    faults = {
        f"{details.input_type} makes {' or '.join(_MAKES[details.input_type])}.": (
            details.data_type not in _MAKES[details.input_type]
        ),
        "List and Predefined go together.": is_list != (details.value_type == "Predefined"),
        "A List needs vocabulary values.": is_list and not details.vocabulary,
        "Only a List has vocabulary values.": not is_list and bool(details.vocabulary),
        "Only a List is multi-valued.": not is_list and bool(details.is_multi_valued),
        "The display group Admin goes with AdminEntered.": (
            details.display_group == "Admin" and details.value_type != "AdminEntered"
        ),
    }
    for sentence, is_fault in faults.items():
        if is_fault:
            raise Refused("attribute_types", sentence)
    if details.data_type == "Number" and not all(_NUMBER.fullmatch(word.value) for word in details.vocabulary):
        raise Refused("attribute_types", "The vocabulary values of a Number are numbers.")
