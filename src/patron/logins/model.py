"""What a login is, and the rules of trying to sign in."""

import hashlib
from datetime import datetime, timedelta

import msgspec

from patron.kernel.values import email_key, name_key
from patron.tenants.model import SecondFactorRule

NAME_LENGTH_MAX = 254
FINGERPRINT_LENGTH_MAX = 500
# What is typed may be longer than what may be set, and is hashed to see; beyond this it is wrong unseen.
PASSWORD_TYPED_MAX = 1_000
# What the hashes of other systems are sealed for: some hold a secret of the whole shop that they come from.
FOREIGN_PURPOSE = "foreign password"

ATTEMPTS_MAX = 5
DELAY_FIRST = timedelta(seconds=30)
DELAY_MAX = timedelta(minutes=15)
RESET_LIFE = timedelta(hours=72)
RESETS_MAX = 10
RESETS_WITHIN = timedelta(hours=1)

# One-time codes (Kibo behaviour 8.4).
CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=3)
CODE_TRIES = 3
CODE_TYPED_MAX = 64
CODES_MAX = 10
LOGIN_CODES_MAX = 20
CODES_WITHIN = timedelta(hours=1)
RESEND_PAUSE = timedelta(seconds=30)
RESENDS_MAX = 5
WAITING_LIFE = timedelta(minutes=10)
# Beyond the contract: so many wrong codes in a row, of however many sign-ins, and none is taken for a day.
STRIKES_MAX = 15
STRIKES_PAUSE = timedelta(days=1)

FACTORS_MAX = 3
FACTOR_NAME_MAX = 100
FACTOR_CONFIRM_LIFE = timedelta(hours=1)
RECOVERY_CODES = 10


class Login(msgspec.Struct, frozen=True):
    """How the person behind an account signs in. The fields stand in the order of `logins.queries.COLUMNS`."""

    account_id: int
    version: int
    customer_set: str
    user_id: str
    user_name: str
    password_hash: str | None
    foreign_hash: bytes | None
    is_locked: bool
    must_change: bool
    last_locked_at: datetime | None
    last_login_at: datetime | None
    last_password_at: datetime | None
    created_at: datetime
    updated_at: datetime
    is_active: bool
    email: str | None
    locale: str | None
    last_fingerprint: bytes | None
    last_region: str | None
    has_second_factor: bool


class Failures(msgspec.Struct, frozen=True):
    """Wrong passwords in a row for one key."""

    count: int = 0
    first_at: datetime | None = None
    delayed_until: datetime | None = None

    def is_delayed(self, now: datetime) -> bool:
        """Whether an attempt is refused unseen at this moment."""
        return self.delayed_until is not None and now < self.delayed_until

    def remaining(self, now: datetime) -> int:
        """Attempts left before the next delay."""
        if self.is_delayed(now):
            return 0
        return max(1, ATTEMPTS_MAX - self.count)


def delay_after(count: int) -> timedelta | None:
    """How long a login waits after so many failures in a row: from the fifth on 30 s, doubling to 15 min
    (Kibo behaviour 6.4). A stranger's guesses slow down; nobody is shut out for good.
    """
    if count < ATTEMPTS_MAX:
        return None
    return min(timedelta(seconds=DELAY_FIRST.total_seconds() * 2 ** min(count - ATTEMPTS_MAX, 10)), DELAY_MAX)


def is_second_factor_asked(login: Login, rule: SecondFactorRule, fingerprint: bytes | None, region: str | None) -> bool:
    """Whether a right password is not enough (Kibo behaviour 8.4). A device or region that is not told is another one.

    Who has an authenticator app wants to be asked for it, whatever the site's rule is.
    """
    return (
        login.has_second_factor
        or rule.always
        or (rule.on_fingerprint_change and (fingerprint is None or fingerprint != login.last_fingerprint))
        or (rule.on_region_change and (region is None or region != login.last_region))
    )


def names_of(user_name: str, email: str | None) -> dict[str, str]:
    """The keys that lead to a login, and the field each comes from."""
    names = {name_key(user_name): "user_name"}
    if email:
        names[email_key(email)] = "email"
    return names


def keys_of(text: str) -> list[str]:
    """The keys under which a typed name may be found: as a user name and as an e-mail address."""
    return list(dict.fromkeys((name_key(text), email_key(text))))


def fingerprint_digest(text: str | None) -> bytes | None:
    """What is kept of a device's fingerprint."""
    return hashlib.sha256(text.encode()).digest() if text else None


def failure_key(*parts: object) -> bytes:
    """The key of a row of failures: a login, a login on a known device, or a name that nobody has."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()
