"""Passwords hashed by other systems: recognised, checked once, and replaced by a hash of ours at the first sign-in.

The formats are the rows of one table (`formats.py`), the bounds on their work stand in `limits.py`. Nothing here does
I/O. Checking is slow: call `matches` in the turn of `kernel.secrets.Passwords`.
"""

from collections.abc import Callable

from argon2.exceptions import Argon2Error

from patron.logins.foreign.formats import FORMATS
from patron.logins.foreign.limits import TooCostly


def _verifier(stored: str) -> Callable[[bytes], bool] | None:
    """What checks a password against this hash; None when no row of the table fits. Raises TooCostly."""
    for row in FORMATS:
        if found := row.pattern.fullmatch(stored):
            try:
                return row.read(found)
            except ValueError:
                continue
    return None


def fault(stored: str) -> str | None:
    """Why this hash cannot be taken, as a sentence without its subject: it asks for too much work. None if it can."""
    try:
        _verifier(stored)
    except TooCostly as error:
        return str(error)
    return None


def is_known(stored: str) -> bool:
    """Whether the format is one of ours to check, at a cost that we bear."""
    try:
        return _verifier(stored) is not None
    except TooCostly:
        return False


def matches(stored: str, password: str) -> bool:
    """Whether the password, as it was typed, belongs to the hash. No for what is not known or asks for too much."""
    try:
        verify = _verifier(stored)
        return verify is not None and verify(password.encode())
    except (TooCostly, ValueError, Argon2Error):
        return False
