"""Kinds of mails, their facts and templates, and which template a reader gets. Pure."""

import re

import msgspec

SUBJECT_LENGTH_MAX = 200
BODY_LENGTH_MAX = 100_000
LANGUAGE = "en"  # the built-in language that every kind has

_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


class Fact(msgspec.Struct, frozen=True):
    """Something that a kind of mail can say: what it is, and an example for previews.

    `needed`: what the mail is for, such as a code or link. It opens something, so no subject says it.
    """

    says: str
    sample: str
    needed: bool = False


class Kind(msgspec.Struct, frozen=True):
    """A mail that we write: its name, when we write it, and its facts.

    `suppressible`: whether a tenant's settings may do without it.
    """

    name: str
    says: str
    facts: dict[str, Fact] = {}
    suppressible: bool = True


class Template(msgspec.Struct, frozen=True):
    """How a kind of mail is worded. Without `html` it goes out as text alone."""

    subject: str
    text: str
    html: str


class Rendered(msgspec.Struct, frozen=True):
    """A mail as it is sent."""

    subject: str
    text: str
    html: str | None


def check_locale(text: str) -> str:
    """A locale in its usual spelling: `fr-CA`, `zh-Hant-TW`. Raises ValueError."""
    if not _LOCALE.fullmatch(text.strip()):
        raise ValueError("a locale is a language, with or without a region, such as fr or fr-CA")
    language, *rest = text.strip().replace("_", "-").split("-")
    return "-".join([language.lower(), *(_subtag(part) for part in rest)])


def _subtag(part: str) -> str:
    """A region stands in capitals, a script has one (BCP 47 2.1.1)."""
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) <= 3 else part.lower()


def wanted(*locales: str | None) -> list[str]:
    """The locales in which a mail may be written, the best first: each before its language, English last.

    `wanted("fr-CA", "de-DE")` is fr-CA, fr, de-DE, de, en. What is no locale is left out.
    """
    found: list[str] = []
    for locale in locales:
        try:
            parts = check_locale(locale or "").split("-")
        except ValueError:
            continue
        found += ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
    return list(dict.fromkeys([*found, LANGUAGE]))
