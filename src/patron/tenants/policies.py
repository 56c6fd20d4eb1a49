"""A tenant's settings by name: what there is to set, and changing it. `patron tenant settings` is the way to them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.tenants.model import Policy

# The names with the sentences that document them; docs/operations.md has them too, and a test compares both.
SAYS = {
    "password.length_min": "Characters that a new password must have.",
    "password.length_max": "Characters that a password may have, 64 to 1000.",
    "password.needs_letter": "Whether a new password must have a letter.",
    "password.needs_digit": "Whether a new password must have a digit.",
    "access_minutes": "Life of a shopper's access token, unless the caller chooses.",
    "refresh_minutes": "Life of a shopper's refresh token, from its last use.",
    "anonymous_refresh_minutes": "The same for a shopper who has not signed in.",
    "access_minutes_max": "What a caller may choose at most for an access token, up to 1440.",
    "refresh_minutes_max": "What a caller may choose at most for a refresh token, up to 43200.",
    "visit_months": "Months for which visits are kept, beside the present one.",
    "addresses.strict": "Whether contacts whose address is wrong are refused.",
    "suppressed_mails": "Kinds of mails that are not sent, with commas between them.",
}
# Within what a number makes sense. The upper ends are those that no request gets beyond (Kibo behaviour 6.3, 8.1);
# fewer than 64 characters would refuse passphrases (NIST SP 800-63B-4 3.1.1.2).
_RANGES = {
    "password.length_min": (1, 64),
    "password.length_max": (64, 1_000),
    "access_minutes": (1, 1_440),
    "refresh_minutes": (1, 43_200),
    "anonymous_refresh_minutes": (1, 43_200),
    "access_minutes_max": (1, 1_440),
    "refresh_minutes_max": (1, 43_200),
    "visit_months": (1, 120),
}


def value(policy: Policy, name: str) -> Any:
    """What a policy has under one of the names of `SAYS`."""
    found: Any = policy
    for part in name.split("."):
        found = getattr(found, part)
    return found


def shown(found: object) -> str:
    """A value as it can be given again."""
    if isinstance(found, bool):
        return "true" if found else "false"
    return ",".join(found) if isinstance(found, tuple) else str(found)


def read(name: str, text: str) -> Any:
    """The value that a text means for a name. Raises ValueError, with a sentence, for what can be no setting."""
    if name not in SAYS:
        raise ValueError(f"There is no setting {name[:60]}. There are: {', '.join(SAYS)}")
    default = value(Policy(), name)
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        found = msgspec.convert(text.strip(), type(default), strict=False)
    except msgspec.ValidationError:
        raise ValueError(f"{name} is {'true or false' if isinstance(default, bool) else 'a whole number'}.") from None
    least, most = _RANGES.get(name, (found, found))
    if not least <= found <= most:
        raise ValueError(f"{name} is between {least} and {most}.")
    return found


async def change(db: Session, tenant_id: int, changes: Mapping[str, Any]) -> Policy:
    """Set what `read` made of some settings, and keep the others. Answers them all; requests from now on obey them.

    Call it inside a transaction. Raises NotFound.
    """
    settings = await db.value("select settings from tenant where id = $1 for update", tenant_id)
    if settings is None:
        raise NotFound("tenant", tenant_id)
    for name, found in changes.items():
        part, dot, field = name.partition(".")
        settings[part] = {**settings.get(part, {}), field: found} if dot else found
    policy = msgspec.convert(settings, Policy)
    await db.execute("update tenant set settings = $2 where id = $1", tenant_id, settings)
    return policy
