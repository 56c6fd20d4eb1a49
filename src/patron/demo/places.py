"""Countries as the generator needs them: common names, towns, streets, and how addresses and phones are written."""

import re
import tomllib
from functools import cache
from importlib.resources import files

import msgspec

from patron.kernel.values import fold

_NOT_LATIN = re.compile(r"[^a-z]")


class Name(msgspec.Struct, frozen=True):
    """A name, and how it is spelled in an e-mail address."""

    text: str
    latin: str

    @classmethod
    def of(cls, text: str) -> "Name":
        """From `text`, or from `text/latin spelling`."""
        shown, _, latin = text.partition("/")
        return cls(shown, _NOT_LATIN.sub("", fold(latin or shown)))


class City(msgspec.Struct, frozen=True):
    """A town. In its postal code `#` is a digit and `@` a letter."""

    name: str
    state: str | None
    postal_code: str


class Country(msgspec.Struct, frozen=True):
    """One section of countries.toml."""

    code: str
    locale: str
    currency: str
    line: str
    phone: str
    companies: tuple[str, ...]
    first_names: tuple[Name, ...]
    last_names: tuple[Name, ...]
    streets: tuple[str, ...]
    cities: tuple[City, ...]


@cache
def countries() -> tuple[Country, ...]:
    """A hundred entries: each country as often as its share, so that picking one at random gives the shares."""
    text = files("patron.demo").joinpath("countries.toml").read_text(encoding="utf-8")
    found: list[Country] = []
    for code, facts in tomllib.loads(text).items():
        found += [_country(code, facts)] * facts["share"]
    return tuple(found)


def _country(code: str, facts: dict[str, str]) -> Country:
    return Country(
        code=code,
        locale=facts["locale"],
        currency=facts["currency"],
        line=facts["line"],
        phone=facts["phone"],
        companies=_listed(facts["company"]),
        first_names=tuple(Name.of(name) for name in facts["first"].split()),
        last_names=tuple(Name.of(name) for name in facts["last"].split()),
        streets=_listed(facts["streets"]),
        cities=tuple(_city(text) for text in _listed(facts["cities"])),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(","))


def _city(text: str) -> City:
    name, state, postal_code = text.split("|")
    return City(name, state or None, postal_code)
