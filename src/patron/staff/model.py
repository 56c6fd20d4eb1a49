"""What a user of an organization is, and the rules of their passwords."""

import secrets as random
from datetime import datetime, timedelta

import msgspec

from patron.tenants.model import PasswordPolicy

NAME_LENGTH_MAX = 100
CODE_LIFE = timedelta(minutes=10)  # of authorization codes (Commerce Layer behaviour 2.3)
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


class User(msgspec.Struct, frozen=True):
    """A row of staff, in the order of `queries.COLUMNS`."""

    tenant_id: int
    id: int
    email: str
    first_name: str
    last_name: str
    time_zone: str | None
    role: str
    is_active: bool
    created_at: datetime


def user_subject(tenant_id: int, user_id: int) -> str:
    """The name under which all tokens of a user are revoked."""
    return f"user {tenant_id} {user_id}"


def readable_password() -> str:
    """A password that can be typed from a screen: 74 random bits, in three groups."""
    while True:
        groups = ("".join(random.choice(_READABLE) for _ in range(5)) for _ in range(3))
        password = "-".join(groups)
        if PasswordPolicy().fault(password) is None:
            return password
