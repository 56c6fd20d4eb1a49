"""Codes of authenticator apps (RFC 6238), and recovery codes for who lost the app. Pure."""

import base64
import re
import secrets
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from patron.kernel.secrets import same
from patron.logins.model import CODE_DIGITS

STEP_SECONDS = 30
STEPS_AROUND = 1  # clocks of phones are off, and people type slowly
SECRET_BYTES = 20  # what SHA-1 takes (RFC 4226 section 4)
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that look like others
_RECOVERY_LETTERS = 10

_DIGITS = re.compile(rf"[0-9]{{{CODE_DIGITS}}}")


def new_secret() -> bytes:
    """What an app and we share."""
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """A secret as people type it into an app."""
    return base64.b32encode(secret).decode()


def uri(secret: bytes, shop: str, user_name: str) -> str:
    """What an app reads from a QR code (the key URI that apps have agreed on). Apps know SHA-1 and six digits only."""
    label = f"{quote(shop.replace(':', ' '), safe='')}:{quote(user_name, safe='')}"
    issuer = quote(shop.replace(":", " "), safe="")
    return (
        f"otpauth://totp/{label}?secret={shown_secret(secret)}&issuer={issuer}"
        f"&algorithm=SHA1&digits={CODE_DIGITS}&period={STEP_SECONDS}"
    )


def code_at(secret: bytes, step: int) -> str:
    """The code of a step of time."""
    return HOTP(secret, CODE_DIGITS, SHA1()).generate(step).decode()  # noqa: S303 - RFC 6238's, and all that apps know


def step_of(now: datetime) -> int:
    """The step of time that a moment is in."""
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: bytes, code: str, now: datetime, *, after: int) -> int | None:
    """The step whose code this is, if it is one of now and later than `after`: none is taken twice (RFC 6238 5.2)."""
    found = None
    for step in range(step_of(now) - STEPS_AROUND, step_of(now) + STEPS_AROUND + 1):
        if same(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def typed(code: str) -> str:
    """A code as it is compared: without the blanks and dashes that people put in, in lower case."""
    return "".join(c for c in code.lower() if c not in " -\t")


def is_app_code(code: str) -> bool:
    """Whether this looks like an app's code, as opposed to a recovery code."""
    return _DIGITS.fullmatch(code) is not None


def new_recovery_code() -> str:
    """A fresh recovery code, such as `k3mfa-9xw2p`: some 50 random bits."""
    letters = "".join(secrets.choice(_READABLE) for _ in range(_RECOVERY_LETTERS))
    return f"{letters[:5]}-{letters[5:]}"
