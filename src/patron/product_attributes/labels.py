"""The labels of an attribute or of a value, one a language: what may be added, replaced and removed.

The one in the catalog's own language cannot be removed (Kibo behaviour 9.4).
"""

import re

import msgspec

from patron.kernel.errors import Faults, Invalid, NotFound, Problem, Refused, Taken
from patron.kernel.values import holds_card_number
from patron.product_attributes.model import Label, Locales, label_in

LABELS_MAX = 100
LOCALE_LENGTH_MAX = 16
TEXT_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 4000

_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

# How the face calls the text: of an attribute, of a value.
NAME = "name"
STRING_VALUE = "string_value"


def checked(label: Label, text_field: str) -> Label:
    """A label as it is stored. Raises Invalid with every fault."""
    locale, text, description = [(one or "").strip() or None for one in label.words]
    problems = []
    if locale is None:
        problems.append(Problem("locale", "is needed", "missing"))
    elif len(locale) > LOCALE_LENGTH_MAX or not _LOCALE.fullmatch(locale):
        problems.append(Problem("locale", f"is a locale of at most {LOCALE_LENGTH_MAX} characters, such as en-US"))
    if text is None:
        problems.append(Problem(text_field, "is needed", "missing"))
    for field, value, most in (
        (text_field, text, TEXT_LENGTH_MAX),
        ("description", description, DESCRIPTION_LENGTH_MAX),
    ):
        if value is not None and len(value) > most:
            problems.append(Problem(field, f"has at most {most} characters", "too_long"))
        elif value is not None and holds_card_number(value):
            problems.append(Problem(field, "must not hold a card number"))
    if problems:
        raise Invalid(*problems)
    return Label(locale, text, description)


def written(
    before: list[Label],
    given: list[Label] | None,
    content: Label | None,
    locales: Locales,
    text_field: str,
    otherwise: str,
) -> list[Label]:
    """The labels after the whole thing is written with a list of them and one on its own (`content`), or either.

    Clients read both and send both back, having changed one: what differs from `before` counts, and the list where both
    do. Without a list the labels stay. A new thing has a label in the catalog's language, `otherwise` if it has to be.
    Raises Invalid, Refused.
    """
    entries = before if given is None else all_checked(given, text_field)
    if content is not None and (content.text or "").strip():
        with_locale = msgspec.structs.replace(content, locale=content.locale or locales.request)
        faults = Faults()
        with faults.of("content."):
            entries = _with_content(before, entries, checked(with_locale, text_field))
        faults.tell()
    if not before and label_in(entries, locales.default) is None:
        entries = [Label(locales.default, otherwise), *entries]
    _keep_default(before, entries, locales.default)
    return entries


def _with_content(before: list[Label], entries: list[Label], content: Label) -> list[Label]:
    assert content.locale is not None
    old, listed = label_in(before, content.locale), label_in(entries, content.locale)
    if old is not None and old.words == content.words:
        return entries
    if listed is None:
        return [*entries, content]
    if old is None or old.words != listed.words:
        return entries
    return [content if one is listed else one for one in entries]


def all_checked(given: list[Label], text_field: str) -> list[Label]:
    """A list of labels as they are stored. Raises Invalid with every fault."""
    if len(given) > LABELS_MAX:
        raise Invalid.field("localized_content", f"has at most {LABELS_MAX} entries", "too_long")
    faults = Faults()
    entries: list[Label] = []
    for place, one in enumerate(given):
        with faults.of(f"localized_content[{place}]."):
            entries.append(checked(one, text_field))
    faults.tell()
    if len({(one.locale or "").lower() for one in entries}) < len(entries):
        raise Invalid.field("localized_content", "has a locale twice")
    return entries


def replaced_all(before: list[Label], given: list[Label], default: str, text_field: str) -> list[Label]:
    """These labels instead of those before. Raises Invalid, Refused."""
    entries = all_checked(given, text_field)
    _keep_default(before, entries, default)
    return entries


def added(before: list[Label], label: Label, text_field: str) -> list[Label]:
    """One more label. Raises Invalid, Taken."""
    label = checked(label, text_field)
    assert label.locale is not None
    if label_in(before, label.locale) is not None:
        raise Taken("label", "locale")
    if len(before) >= LABELS_MAX:
        raise Invalid.field("localized_content", f"has at most {LABELS_MAX} entries", "too_long")
    return [*before, label]


def replaced(before: list[Label], locale: str, label: Label, text_field: str) -> list[Label]:
    """Another text in a language. Raises NotFound, Invalid, or Refused for another language."""
    old = found(before, locale)
    label = checked(msgspec.structs.replace(label, locale=label.locale or old.locale), text_field)
    if (label.locale or "").lower() != (old.locale or "").lower():
        raise Refused("locale_fixed", "The locale of a label cannot change.")
    label = msgspec.structs.replace(label, locale=old.locale)
    return [label if one is old else one for one in before]


def removed(before: list[Label], locale: str, default: str) -> list[Label]:
    """Without the label in a language. Raises NotFound, Refused."""
    old = found(before, locale)
    entries = [one for one in before if one is not old]
    _keep_default(before, entries, default)
    return entries


def found(labels: list[Label], locale: str) -> Label:
    """The label in a language. Raises NotFound."""
    label = label_in(labels, locale)
    if label is None:
        raise NotFound("label in", locale[:40])
    return label


def _keep_default(before: list[Label], after: list[Label], default: str) -> None:
    if label_in(before, default) is not None and label_in(after, default) is None:
        raise Refused("default_locale", f"The label in {default}, the language of the catalog, cannot be removed.")
