"""The assertion of the JWT bearer grant (Commerce Layer behaviour 2.5).

It is signed with a secret that everybody knows, so its signature proves nothing: the client's own secret does.
"""

import base64
from typing import Any

import msgspec

from patron.kernel.errors import PatronError
from patron.web import bodies

ASSERTION_BYTES_MAX = 4_096
CLAIM = "https://commercelayer.io/claims"


class Owner(msgspec.Struct, frozen=True):
    """Who shall own the token."""

    type: str
    id: str


class Claim(msgspec.Struct, frozen=True):
    """What is asserted: an owner, something for the token to carry, or both."""

    owner: Owner | None = None
    custom_claim: dict[str, Any] | None = None


class _Payload(msgspec.Struct, frozen=True):
    claim: Claim = msgspec.field(name=CLAIM)


def read(text: str) -> Claim | None:
    """The claim of an assertion; None for text that asserts nothing."""
    parts = text.split(".")
    if len(text) > ASSERTION_BYTES_MAX or len(parts) != 3:
        return None
    try:
        claim: Claim = bodies.read(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), _Payload).claim
    except (ValueError, PatronError):
        return None
    return claim if claim.owner is not None or claim.custom_claim else None
