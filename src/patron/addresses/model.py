"""What an address is, and what checking one says of it."""

from typing import Any

import msgspec

from patron.kernel.errors import Problem

KINDS = {kind.lower(): kind for kind in ("Residential", "Commercial", "None")}

_LENGTHS = {**{f"line_{n}": 200 for n in range(1, 5)}, "city": 100, "state": 100, "postal_code": 100}
# What storefronts put into fields that a country has no use for (Kibo behaviour 7).
_BLANKS = ("", "n/a")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """An address as somebody wrote it."""

    line_1: str | None = None
    line_2: str | None = None
    line_3: str | None = None
    line_4: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    kind: str | None = None


class Candidate(Place, frozen=True, kw_only=True):
    """An address that may be what was meant. `is_validated`: as far as the check can see, it is right."""

    is_validated: bool


class Outcome(msgspec.Struct, frozen=True):
    """What came of a check. `problems` are wrong; `doubts` are what a service would write in another way."""

    candidates: tuple[Candidate, ...] = ()
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()

    @property
    def is_validated(self) -> bool:
        """Whether the address is right."""
        return not self.problems and any(one.is_validated for one in self.candidates)


def tidied(place: Place) -> tuple[Place, list[Problem]]:
    """The address without needless blanks, and what is wrong with it wherever it lies."""
    problems = []
    values: dict[str, Any] = {}
    for name, length in _LENGTHS.items():
        text = getattr(place, name) or ""
        if len(text) > length:
            problems.append(Problem(name, f"has at most {length} characters", "too_long"))
        text = " ".join(text[: length + 1].split())
        values[name] = None if text.lower() in _BLANKS else text
    kind = (place.kind or "").strip()
    if kind and kind.lower() not in KINDS:
        problems.append(Problem("kind", "is Residential, Commercial or None"))
    values["kind"] = KINDS.get(kind.lower())
    values["country"] = (place.country or "").strip().upper() or None
    return Place(**values), problems
