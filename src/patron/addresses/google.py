"""Google's Address Validation API (POST /v1:validateAddress): knows streets in some forty countries.

Its documentation: developers.google.com/maps/documentation/address-validation. The key goes in a header, so that no log
of addresses has it. The verdict's `possibleNextAction` decides; where it is missing, that documentation's guidance.
"""

from typing import Any

import msgspec

from patron.addresses.model import Candidate, Outcome, Place
from patron.kernel.errors import Problem
from patron.kernel.outbound import CallFailed, Outbound

URL = "https://addressvalidation.googleapis.com/v1:validateAddress"
LINES_CHARACTERS_MAX = 280

_FINE = ("PREMISE", "SUB_PREMISE", "PREMISE_PROXIMITY", "BLOCK")
# Which field a component is part of; whatever is not here is part of the street.
_FIELDS = {
    **dict.fromkeys(("locality", "postal_town", "sublocality", "sublocality_level_1", "neighborhood"), "city"),
    "administrative_area_level_1": "state",
    "postal_code": "postal_code",
    "postal_code_suffix": "postal_code",
    "country": "country",
}


class _Read(msgspec.Struct, rename="camel"):
    pass


class _Verdict(_Read):
    possible_next_action: str = ""
    validation_granularity: str = ""
    address_complete: bool = False
    has_unconfirmed_components: bool = False
    has_replaced_components: bool = False
    has_spell_corrected_components: bool = False


class _Name(_Read):
    text: str = ""


class _Component(_Read):
    component_type: str = ""
    component_name: _Name = msgspec.field(default_factory=_Name)
    confirmation_level: str = ""
    spell_corrected: bool = False
    replaced: bool = False


class _PostalAddress(_Read):
    region_code: str = ""
    postal_code: str = ""
    administrative_area: str = ""
    locality: str = ""
    address_lines: list[str] = []


class _Address(_Read):
    postal_address: _PostalAddress = msgspec.field(default_factory=_PostalAddress)
    address_components: list[_Component] = []
    missing_component_types: list[str] = []
    unconfirmed_component_types: list[str] = []
    unresolved_tokens: list[str] = []


class _Metadata(_Read):
    business: bool = False
    residential: bool = False


class _Result(_Read):
    verdict: _Verdict = msgspec.field(default_factory=_Verdict)
    address: _Address = msgspec.field(default_factory=_Address)
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Answer(_Read):
    result: _Result


class Google:
    """Asks Google, or whoever speaks the same language at another address."""

    def __init__(self, outbound: Outbound, url: str, key: str) -> None:
        self._outbound = outbound
        self._url = url
        self._key = key

    async def check(self, place: Place) -> Outcome | None:
        """What Google says; None for a country that it does not know. Raises CallFailed."""
        lines = [line for line in (place.line_1, place.line_2, place.line_3, place.line_4) if line]
        if sum(map(len, lines)) > LINES_CHARACTERS_MAX:
            return None
        asked = {
            "regionCode": (place.country or "").strip().upper(),
            "postalCode": place.postal_code or "",
            "administrativeArea": place.state or "",
            "locality": place.city or "",
            "addressLines": lines,
        }
        headers = {"Content-Type": "application/json", "X-Goog-Api-Key": self._key}
        body = msgspec.json.encode({"address": {name: value for name, value in asked.items() if value}})
        status, answer = await self._outbound.post(self._url, body, headers)
        if status == 400 and b"API_KEY_INVALID" not in answer:
            return None
        if status != 200:
            raise CallFailed(f"status {status}")
        try:
            return _outcome(place, msgspec.json.decode(answer, type=_Answer).result)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise CallFailed("the answer cannot be read") from None


def _outcome(place: Place, result: _Result) -> Outcome:
    action = result.verdict.possible_next_action or _action(result.verdict)
    if action == "FIX":
        return Outcome(problems=tuple(_problems(result.address)))
    doubts = tuple(_doubts(result.address))
    is_validated = action == "ACCEPT" or (action == "CONFIRM_ADD_SUBPREMISES" and not doubts)
    return Outcome((_candidate(place, result, is_validated=is_validated),), doubts=() if is_validated else doubts)


def _action(verdict: _Verdict) -> str:
    """What to do, where the answer does not say it."""
    if verdict.validation_granularity not in _FINE or not verdict.address_complete:
        return "FIX"
    corrected = verdict.has_replaced_components or verdict.has_spell_corrected_components
    return "CONFIRM" if corrected or verdict.has_unconfirmed_components else "ACCEPT"


def _problems(address: _Address) -> list[Problem]:
    """One problem a field. Components are named as Google names them."""
    found: dict[str, Problem] = {}
    for kind in address.missing_component_types:
        field = _FIELDS.get(kind, "line_1")
        found.setdefault(field, Problem(field, f"lacks something ({kind})", "missing"))
    for kind in address.unconfirmed_component_types:
        field = _FIELDS.get(kind, "line_1")
        found.setdefault(field, Problem(field, f"is not known to be there ({kind})"))
    if address.unresolved_tokens or not found:
        found.setdefault("line_1", Problem("line_1", "is not understood"))
    return list(found.values())


def _doubts(address: _Address) -> list[Problem]:
    """What Google would write in another way."""
    found: dict[str, Problem] = {}
    for part in address.address_components:
        if part.replaced or part.spell_corrected:
            field = _FIELDS.get(part.component_type, "line_1")
            found.setdefault(field, Problem(field, f"may be meant to have {part.component_name.text!r}"))
    return list(found.values())


def _candidate(place: Place, result: _Result, *, is_validated: bool) -> Candidate:
    given = result.address.postal_address
    kind = "Residential" if result.metadata.residential else "Commercial" if result.metadata.business else place.kind
    lines: dict[str, Any] = {f"line_{n}": line for n, line in enumerate(given.address_lines[:4], start=1)}
    return Candidate(
        **lines,
        city=given.locality or None,
        state=given.administrative_area or None,
        postal_code=given.postal_code or None,
        country=given.region_code or place.country,
        kind=kind,
        is_validated=is_validated,
    )
