"""What a shopper's access token says, and the names under which tokens are revoked."""

import msgspec

from patron.kernel.tokens import Claims

SHOPPER_AUDIENCE = "patron:shopper"
WAITING_AUDIENCE = "patron:second-factor"  # of who has proved a password only


class Shopper(msgspec.Struct, frozen=True):
    """What a shopper's access token says."""

    tenant_id: int
    site_id: int
    application_id: int
    user_id: str
    account_id: int | None
    family_id: str
    impersonator: str | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """The names under which this token can be revoked."""
        family = family_subject(self.tenant_id, self.family_id)
        return (family, account_subject(self.tenant_id, self.account_id)) if self.account_id else (family,)


def read_shopper(claims: Claims) -> Shopper:
    """The shopper of a verified token."""
    impersonator = claims["act"]["sub"] if "act" in claims else None
    return Shopper(
        claims["tid"], claims["site"], claims["app"], claims["sub"], claims.get("acc"), claims["fam"], impersonator
    )


class Waiting(msgspec.Struct, frozen=True):
    """What the token says of who has proved a password, and waits for the second factor."""

    tenant_id: int
    application_id: int
    user_id: str
    id: int


def read_waiting(claims: Claims) -> Waiting:
    """Who waits, of a verified token."""
    return Waiting(claims["tid"], claims["app"], claims["sub"], claims["wait"])


def family_subject(tenant_id: int, family_id: str) -> str:
    """The tokens of one sign-in."""
    return f"family {tenant_id} {family_id}"


def account_subject(tenant_id: int, account_id: int) -> str:
    """All tokens of one account."""
    return f"account {tenant_id} {account_id}"
