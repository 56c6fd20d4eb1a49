"""An account's transactions, and the sums on the account that follow from them (Kibo behaviour 6.6).

The rules are pure: what is stored on an account always equals `summed` over its transactions.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from patron.accounts.model import Account
from patron.kernel.errors import Invalid, Problem
from patron.kernel.values import check_currency, from_minor, to_minor

ID_LENGTH_MAX = 200
TOTAL_MINOR_MAX = 10**18

KINDS = {kind.lower(): kind for kind in ("Order", "Return", "OrderPickup", "Wishlist")}
INTERACTIONS = {interaction.lower(): interaction for interaction in ("Website", "Call", "Store", "Unknown")}


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as a caller wrote it. Without an id it gets one, without a time it is now."""

    id: str | None = None
    visit_id: str | None = None
    kind: str | None = None
    interaction: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    at: datetime | None = None


class Transaction(msgspec.Struct, frozen=True, array_like=True):
    """A transaction, never changed. The fields stand in the order of `transactions.queries.COLUMNS`."""

    id: str
    account_id: int
    visit_id: str | None
    kind: str
    interaction: str
    amount_minor: int
    currency: str
    at: datetime

    @property
    def amount(self) -> Decimal:
        """The amount in units of its currency."""
        return from_minor(self.amount_minor, self.currency)


class Group(msgspec.Struct, frozen=True):
    """Transactions of one kind and currency, added up."""

    kind: str
    currency: str
    count: int
    amount_minor: int
    latest_at: datetime


class Sums(msgspec.Struct, frozen=True):
    """The stored sums of an account. The total is in the account's own currency; may be below zero after returns."""

    order_count: int = 0
    order_total_minor: int = 0
    last_order_at: datetime | None = None
    wishlist_count: int = 0


def checked(details: Details, *, new_id: str, account_id: int, currency: str, now: datetime) -> Transaction:
    """The transaction that a caller's details mean. Raises Invalid with every fault."""
    problems = [
        Problem(field, f"has at most {ID_LENGTH_MAX} characters", "too_long")
        for field, text in (("transaction_id", details.id), ("visit_id", details.visit_id))
        if text is not None and len(text) > ID_LENGTH_MAX
    ]
    kind = KINDS.get((details.kind or "").strip().lower())
    if kind is None:
        problems.append(Problem("transaction_kind", "is Order, Return, OrderPickup or Wishlist"))
    interaction = INTERACTIONS.get((details.interaction or "Unknown").strip().lower())
    if interaction is None:
        problems.append(Problem("interaction", "is Website, Call, Store or Unknown"))
    amount, currency = _money(details, currency, problems)
    if problems:
        raise Invalid(*problems)
    given = details.id if details.id and details.id.strip() else new_id
    visit = details.visit_id or None
    return Transaction(given, account_id, visit, kind or "", interaction or "", amount, currency, details.at or now)


def _money(details: Details, currency: str, problems: list[Problem]) -> tuple[int, str]:
    try:
        currency = check_currency(details.currency) if details.currency else currency
    except ValueError as error:
        problems.append(Problem("currency", str(error)))
        return 0, currency
    try:
        amount = to_minor(details.amount or Decimal(0), currency)
    except ValueError as error:
        problems.append(Problem("amount", str(error)))
        return 0, currency
    if amount < 0:
        problems.append(Problem("amount", "must not be negative; a Return is subtracted by itself"))
    return amount, currency


def grouped(one: Transaction) -> Group:
    """A single transaction as a group."""
    return Group(one.kind, one.currency, 1, one.amount_minor, one.at)


def stored(account: Account) -> Sums:
    """The sums that an account carries."""
    return Sums(account.order_count, account.order_total_minor, account.last_order_at, account.wishlist_count)


def added(sums: Sums, group: Group, currency: str) -> Sums:
    """The sums with a group more. Amounts of other currencies than the account's are kept, not added."""
    values = _counted(sums, group, currency, 1)
    if group.kind == "Order":
        values["last_order_at"] = max(sums.last_order_at or group.latest_at, group.latest_at)
    return msgspec.structs.replace(sums, **values)


def removed(sums: Sums, group: Group, currency: str, *, last_order_at: datetime | None) -> Sums:
    """The sums with a group less; the caller knows when the last of the remaining orders was."""
    return msgspec.structs.replace(sums, **_counted(sums, group, currency, -1), last_order_at=last_order_at)


def summed(groups: Iterable[Group], currency: str) -> Sums:
    """The sums of all transactions of an account."""
    sums = Sums()
    for group in groups:
        sums = added(sums, group, currency)
    return sums


# What one transaction of a kind does: orders, sign of the amount, wish lists. A pick-up is a step of a counted order.
_EFFECTS = {"Order": (1, 1, 0), "Return": (0, -1, 0), "OrderPickup": (0, 0, 0), "Wishlist": (0, 0, 1)}


def _counted(sums: Sums, group: Group, currency: str, sign: int) -> dict[str, Any]:
    orders, amount, wishlists = _EFFECTS[group.kind]
    counted = group.amount_minor * amount if group.currency == currency else 0
    return {
        "order_count": sums.order_count + sign * orders * group.count,
        "order_total_minor": sums.order_total_minor + sign * counted,
        "wishlist_count": sums.wishlist_count + sign * wishlists * group.count,
    }


def corrections(before: Sums, after: Sums, currency: str) -> dict[str, tuple[object, object]]:
    """What differs between two sums, for people: the total in units of its currency."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in Sums.__struct_fields__}
    total = pairs.pop("order_total_minor")
    pairs["order_total"] = (from_minor(total[0], currency), from_minor(total[1], currency))
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def paths(transaction_id: str) -> dict[str, str]:
    """Which fields a change is told about, and by what path."""
    return {name: f"transaction/{transaction_id}/{name}" for name in Details.__struct_fields__[1:]}
