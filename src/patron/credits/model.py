"""What a credit is, and what may be written into one (Kibo behaviour 11)."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from patron.kernel.errors import Invalid, Problem
from patron.kernel.values import check_currency, from_minor, holds_card_number, name_key, to_minor

KINDS = {kind.lower(): kind for kind in ("StoreCredit", "GiftCard", "Custom")}
LIFE = timedelta(days=365)
CODE_LENGTH_MAX = 100
CUSTOM_KIND_LENGTH_MAX = 100
COMMENTS_LENGTH_MAX = 1_000
REFERENCE_LENGTH_MAX = 200  # of an order id, and of a caller's key
RESERVED_CODES = frozenset({"payments"})  # a path segment beside the codes

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without letters and digits that look alike


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """A credit as a caller wrote it. `initial` is in units of the currency."""

    code: str | None = None
    kind: str | None = None
    custom_kind: str | None = None
    account_id: int | None = None
    currency: str | None = None
    initial: Decimal | None = None
    activates_at: datetime | None = None
    expires_at: datetime | None = None


class Credit(msgspec.Struct, frozen=True):
    """A credit with its books. The fields stand in the order of `credits.queries.COLUMNS`."""

    id: int
    version: int
    code: str
    kind: str
    custom_kind: str | None
    account_id: int | None
    currency: str
    initial_minor: int
    activates_at: datetime
    expires_at: datetime
    available_minor: int
    held_minor: int
    redeemed_minor: int
    expired_minor: int
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    @property
    def balance_minor(self) -> int:
        """What is on the credit, with what is on hold."""
        return self.available_minor + self.held_minor

    @property
    def balance(self) -> Decimal:
        """The same in units of the currency."""
        return from_minor(self.balance_minor, self.currency)

    @property
    def initial(self) -> Decimal:
        """What it began with."""
        return from_minor(self.initial_minor, self.currency)

    def available(self, now: datetime) -> Decimal:
        """What could be spent at this moment."""
        return from_minor(self.available_minor if self.is_usable(now) else 0, self.currency)

    def is_usable(self, now: datetime) -> bool:
        """Whether it is active and not expired."""
        return self.activates_at <= now < self.expires_at


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A credit that is about to be made."""

    code: str
    kind: str
    custom_kind: str | None
    account_id: int | None
    currency: str
    initial_minor: int
    activates_at: datetime
    expires_at: datetime


def checked(details: Details, *, currency: str, now: datetime) -> New:
    """The credit that a caller's details mean. Raises Invalid with every fault.

    Without a code it gets one that nobody guesses (79 bits); without an expiration it is good for a year.
    """
    problems: list[Problem] = []
    code = details.code.strip() if details.code and details.code.strip() else new_code()
    if len(code) > CODE_LENGTH_MAX:
        problems.append(Problem("code", f"has at most {CODE_LENGTH_MAX} characters", "too_long"))
    elif name_key(code) in RESERVED_CODES or not name_key(code):
        problems.append(Problem("code", "is not possible as a code"))
    kind, custom_kind = _kind(details, problems)
    initial_minor = 0
    try:
        currency = check_currency(details.currency) if details.currency else currency
    except ValueError as error:
        problems.append(Problem("currency", str(error)))
    else:
        initial_minor = checked_amount("initial_balance", details.initial, currency, problems)
    activates_at = details.activates_at or now
    expires_at = details.expires_at or _year_after(max(activates_at, now))
    if expires_at <= activates_at:
        problems.append(Problem("expiration_date", "is not after the activation date"))
    if problems:
        raise Invalid(*problems)
    return New(
        code=code,
        kind=kind,
        custom_kind=custom_kind,
        account_id=details.account_id,
        currency=currency,
        initial_minor=initial_minor,
        activates_at=activates_at,
        expires_at=expires_at,
    )


def _kind(details: Details, problems: list[Problem]) -> tuple[str, str | None]:
    custom_kind = checked_text("custom_credit_type", details.custom_kind, CUSTOM_KIND_LENGTH_MAX, problems)
    given = (details.kind or "").strip().lower() or ("custom" if custom_kind else "storecredit")
    kind = KINDS.get(given)
    if kind is None:
        problems.append(Problem("credit_type", "is StoreCredit, GiftCard or Custom"))
    elif kind == "Custom" and not custom_kind:
        problems.append(Problem("custom_credit_type", "is needed for a custom credit"))
    return kind or "", custom_kind


def _year_after(at: datetime) -> datetime:
    try:
        return at + LIFE
    except OverflowError:
        raise Invalid.field("activation_date", "is too late") from None


def checked_amount(field: str, amount: Decimal | None, currency: str, problems: list[Problem]) -> int:
    """An amount over zero in minor units; 0 with a problem told when it is none."""
    try:
        minor = to_minor(amount if amount is not None else Decimal(0), currency)
    except ValueError as error:
        problems.append(Problem(field, str(error)))
        return 0
    if minor <= 0:
        problems.append(Problem(field, "must be more than 0"))
    return minor


def checked_text(field: str, text: str | None, length_max: int, problems: list[Problem]) -> str | None:
    """Free text without blanks around it, None for nothing."""
    if text is None or not text.strip():
        return None
    if len(text) > length_max:
        problems.append(Problem(field, f"has at most {length_max} characters", "too_long"))
    elif holds_card_number(text):
        problems.append(Problem(field, "must not hold a card number"))
    return text.strip()


def checked_reference(field: str, text: str | None, problems: list[Problem]) -> str | None:
    """An order id or a key of the caller's: kept as it is, None for nothing."""
    if text is None or not text.strip():
        return None
    if len(text) > REFERENCE_LENGTH_MAX:
        problems.append(Problem(field, f"has at most {REFERENCE_LENGTH_MAX} characters", "too_long"))
    return text


def paths(credit_id: int) -> dict[str, str]:
    """Which fields a change is told about, and by what path. Codes are not told: who knows one can claim it."""
    names = ("kind", "custom_kind", "account_id", "currency", "initial", "balance", "activates_at", "expires_at")
    return {name: f"credit/{credit_id}/{name}" for name in names}


def new_code() -> str:
    """A code that can be typed from paper: 16 signs in groups of four."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


class Payment(msgspec.Struct, frozen=True):
    """An amount taken from credits. The fields stand in the order of `credits.payment_queries.COLUMNS`.

    `credit_id` is the credit that was named, None when the account was. The amount is held, captured or released.
    """

    id: int
    version: int
    key: str | None
    account_id: int | None
    credit_id: int | None
    currency: str
    amount_minor: int
    held_minor: int
    captured_minor: int
    released_minor: int
    refunded_minor: int
    order_id: str | None
    comments: str | None
    expires_at: datetime | None
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None

    @property
    def is_hold(self) -> bool:
        """Whether it began as a hold, which has an end."""
        return self.expires_at is not None

    def has_ended(self, now: datetime) -> bool:
        """Whether its hold is over by time."""
        return self.expires_at is not None and self.expires_at <= now


class Share(msgspec.Struct, frozen=True):
    """An amount of one credit."""

    credit_id: int
    amount_minor: int


def allotted(lots: Sequence[Share], amount_minor: int) -> list[Share]:
    """Take an amount from lots, in their order, each as far as it goes. The caller knows that there is enough."""
    taken = []
    for lot in lots:
        part = min(lot.amount_minor, amount_minor)
        if part > 0:
            taken.append(Share(lot.credit_id, part))
            amount_minor -= part
    assert amount_minor == 0
    return taken


def money(minor: int, currency: str) -> str:
    """An amount for people."""
    return f"{from_minor(minor, currency)} {currency}"
