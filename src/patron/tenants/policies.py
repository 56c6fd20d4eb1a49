"""A tenant's settings by name: what there is to set, and changing it. `patron tenant settings` is the way to them.

Some may differ from site to site (`PER_SITE`): a site's value counts before the tenant's, the tenant's before ours.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.revocation import Revocations
from patron.kernel.values import check_email
from patron.tenants.model import Policy
from patron.tenants.queries import settings_subject

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
    "addresses.needs_phone": "Whether the JSON:API face asks a phone number of every address.",
    "suppressed_mails": "Kinds of mails that are not sent, with commas between them.",
    "alerts_to": "E-mail addresses that are told when a webhook fails, with commas between them.",
    "second_factor.always": "Whether signing in with a password always takes a code by mail as well.",
    "second_factor.on_fingerprint_change": "The same for a device other than that of the last sign-in.",
    "second_factor.on_region_change": "The same for a region other than that of the last sign-in.",
    "email_code_sign_in": "Whether shoppers may sign in with a code by mail, without a password.",
}
PER_SITE = (
    *("second_factor.always", "second_factor.on_fingerprint_change", "second_factor.on_region_change"),
    "email_code_sign_in",
    "addresses.strict",
)
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
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return [_address(part) for part in parts] if name == "alerts_to" else parts
    try:
        found = msgspec.convert(text.strip(), type(default), strict=False)
    except msgspec.ValidationError:
        raise ValueError(f"{name} is {'true or false' if isinstance(default, bool) else 'a whole number'}.") from None
    least, most = _RANGES.get(name, (found, found))
    if not least <= found <= most:
        raise ValueError(f"{name} is between {least} and {most}.")
    return found


def _address(text: str) -> str:
    try:
        return check_email(text)
    except ValueError:
        raise ValueError(f"{text[:60]} is no e-mail address.") from None


def is_set(settings: Mapping[str, Any], name: str) -> bool:
    """Whether stored settings have a value of their own under one of the names of `SAYS`."""
    part, dot, field = name.partition(".")
    return part in settings and (not dot or field in settings[part])


async def change(
    db: Session,
    revocations: Revocations,
    tenant_id: int,
    changes: Mapping[str, Any],
    resets: Collection[str] = (),
) -> None:
    """Set what `read` made of some settings, go back to our defaults for others, and keep the rest.

    Call it inside a transaction; when that is committed, requests obey. Raises NotFound.
    """
    settings = await db.value("select settings from tenant where id = $1 for update", tenant_id)
    if settings is None:
        raise NotFound("tenant", tenant_id)
    await db.execute("update tenant set settings = $2 where id = $1", tenant_id, _changed(settings, changes, resets))
    await revocations.announce(db, settings_subject(tenant_id))


async def change_site(
    db: Session,
    revocations: Revocations,
    tenant_id: int,
    site_id: int,
    changes: Mapping[str, Any],
    resets: Collection[str] = (),
) -> None:
    """The same for one site; its resets go back to what the tenant has. Raises NotFound, ValueError with a sentence."""
    if others := sorted({*changes, *resets} - {*PER_SITE}):
        raise ValueError(f"{others[0]} is the tenant's, not a site's. A site may have: {', '.join(PER_SITE)}")
    settings = await db.value(
        "select settings from site where tenant_id = $1 and id = $2 for update", tenant_id, site_id
    )
    if settings is None:
        raise NotFound("site", site_id)
    await db.execute(
        "update site set settings = $3 where tenant_id = $1 and id = $2",
        tenant_id,
        site_id,
        _changed(settings, changes, resets),
    )
    await revocations.announce(db, settings_subject(tenant_id))


def _changed(settings: dict[str, Any], changes: Mapping[str, Any], resets: Collection[str]) -> dict[str, Any]:
    for name, found in changes.items():
        part, dot, field = name.partition(".")
        settings[part] = {**settings.get(part, {}), field: found} if dot else found
    for name in resets:
        part, dot, field = name.partition(".")
        if dot:
            settings.get(part, {}).pop(field, None)
        else:
            settings.pop(part, None)
    msgspec.convert(settings, Policy)
    return settings
