"""The check that needs nobody: required fields, postal codes, states and towns, by the rules of the country.

It does not know streets. Of American addresses it knows in which state each ZIP code lies; one that is not in its table
may be new, so such an address is no fault, but not validated either. Reading a large country's rules takes tens of
milliseconds, so callers run this in a thread (`validation.py`).
"""

import re

import msgspec

from patron.addresses import rules, zips
from patron.addresses.model import Candidate, Outcome, Place, tidied
from patron.addresses.rules import Region, Rules
from patron.kernel.errors import Problem


def check(place: Place) -> Outcome:
    """Whether an address can be right: one problem for each thing that is wrong, else one candidate, well spelled."""
    place, problems = tidied(place)
    country = rules.of(place.country) if place.country else None
    if country is None:
        message, code = ("is not a country code", "invalid") if place.country else ("is needed", "missing")
        return Outcome(problems=(*problems, Problem("country", message, code)))
    place, region = _spelled(country, place)
    problems += _missing(country, region, place)
    problems += _wrong(country, region, place)
    if problems:
        return Outcome(problems=tuple(problems))
    in_use = place.country != "US" or zips.table().state(place.postal_code or "") is not None
    return Outcome((Candidate(**msgspec.structs.asdict(place), is_validated=in_use),))


def _spelled(country: Rules, place: Place) -> tuple[Place, Region | None]:
    """The address as the country spells it, and its state if it is one that we know."""
    region = None
    changes: dict[str, str] = {}
    if place.state:
        key, changes["state"] = country.states.get(rules.spelling(place.state), ("", place.state))
        region = country.regions.get(key)
        if not country.states and len(place.state) <= 3:
            changes["state"] = place.state.upper()
    if place.postal_code:
        changes["postal_code"] = country.postal_code(place.postal_code)
    if place.city and region:
        town = region.towns.get(rules.spelling(place.city))
        changes["city"] = town.name if town else place.city
    return msgspec.structs.replace(place, **changes), region


def _missing(country: Rules, region: Region | None, place: Place) -> list[Problem]:
    required = region.required if region and region.required is not None else country.required
    return [
        Problem(name, f"is needed in {country.code}", "missing")
        for name in ("line_1", "city", "state", "postal_code")
        if name in required and not getattr(place, name)
    ]


def _wrong(country: Rules, region: Region | None, place: Place) -> list[Problem]:
    problems = []
    if place.state and country.states and region is None:
        problems.append(Problem("state", f"is no state or province of {country.code}"))
    towns = region.towns if region and "city" in country.required else {}
    if place.city and towns and rules.spelling(place.city) not in towns:
        problems.append(Problem("city", f"is no town of {place.state}"))
    if place.postal_code and country.postal:
        fault = _fault_of_postal_code(country, region, place)
        if fault:
            problems.append(Problem("postal_code", fault))
    return problems


def _fault_of_postal_code(country: Rules, region: Region | None, place: Place) -> str | None:
    """What is wrong with a postal code: how it looks, or where it lies."""
    code = place.postal_code or ""
    assert country.postal
    if not country.postal.fullmatch(code):
        return f"is no postal code of {country.code}, such as {' or '.join(country.examples)}"
    town = region.towns.get(rules.spelling(place.city or "")) if region else None
    if town and town.postal and not re.match(town.postal, code):
        return f"is no postal code of {place.city}"
    lies_in = zips.table().state(code) if country.code == "US" else None
    if region is None or region.postal is None or region.postal.match(code) or lies_in == place.state:
        return None
    if lies_in:
        return f"lies in {lies_in}, not in {place.state}"
    example = f", such as {region.example}" if region.example else ""
    return f"is no postal code of {place.state}{example}"
