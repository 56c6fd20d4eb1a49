"""What signing in gives: an access token, and a refresh token that rotates (Kibo behaviour 8)."""

import msgspec

from patron.kernel.tokens import Claims

SHOPPER_AUDIENCE = "patron:shopper"


class Shopper(msgspec.Struct, frozen=True):
    """What a shopper's access token says."""

    tenant_id: int
    site_id: int
    application_id: int
    user_id: str
    account_id: int | None
    family_id: str


def read_shopper(claims: Claims) -> Shopper:
    """The shopper of a verified token."""
    return Shopper(claims["tid"], claims["site"], claims["app"], claims["sub"], claims.get("acc"), claims["fam"])


def family_subject(tenant_id: int, family_id: str) -> str:
    """The name under which the tokens of one sign-in are revoked."""
    return f"family {tenant_id} {family_id}"
