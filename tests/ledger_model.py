"""The ledger as a few dicts: what credits and payments ought to do, without a database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

GRACE = timedelta(days=30)


class NoError(Exception):
    """The model refuses."""


@dataclass
class Card:
    """A credit: what it holds, by book."""

    code: str
    account: int | None
    activates_at: datetime
    expires_at: datetime
    available: int
    held: int = 0
    redeemed: int = 0
    expired: int = 0
    was_used: bool = False

    def is_usable(self, now: datetime) -> bool:
        return self.activates_at <= now < self.expires_at

    @property
    def books(self) -> tuple[int, int, int, int]:
        return self.available, self.held, self.redeemed, self.expired


@dataclass
class Lot:
    """A payment's part of one credit."""

    card: Card
    held: int = 0
    captured: int = 0
    refunded: int = 0


@dataclass
class Deal:
    """A payment."""

    amount: int
    ends_at: datetime | None
    lots: list[Lot]
    released: int = 0
    keys: dict[tuple[str, str], object] = field(default_factory=dict)

    def total(self, name: str) -> int:
        return sum(getattr(lot, name) for lot in self.lots)

    @property
    def sums(self) -> tuple[int, int, int, int]:
        return self.total("held"), self.total("captured"), self.released, self.total("refunded")


class Model:
    """All of one tenant's credits and payments. Whatever is not possible raises, and then nothing has changed."""

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.deals: dict[int, Deal] = {}

    def order(self, card: Card) -> tuple[datetime, int]:
        """What expires soonest comes first, then what was made first."""
        return card.expires_at, list(self.cards).index(card.code)

    def move(self, code: str, kind: str, amount: int, now: datetime) -> None:
        card = self.cards[code]
        if now >= card.expires_at or (kind == "debit" and (not card.is_usable(now) or amount > card.available)):
            raise NoError
        if kind == "credit":
            card.available += amount
        else:
            card.available -= amount
            card.redeemed += amount
            card.was_used = True

    def pay(self, cards: list[Card], amount: int, now: datetime, ends_at: datetime | None) -> Deal:
        usable = sorted((card for card in cards if card.is_usable(now) and card.available), key=self.order)
        if sum(card.available for card in usable) < amount:
            raise NoError
        deal, left = Deal(amount, ends_at, []), amount
        for card in usable:
            part = min(card.available, left)
            if not part:
                break
            left -= part
            card.available -= part
            card.was_used = True
            if ends_at:
                card.held += part
                deal.lots.append(Lot(card, held=part))
            else:
                card.redeemed += part
                deal.lots.append(Lot(card, captured=part))
        return deal

    def capture(self, deal: Deal, amount: int | None, now: datetime, *, is_final: bool) -> None:
        left = deal.total("held") if amount is None else amount
        if (deal.total("held") and deal.ends_at and deal.ends_at <= now) or not 0 < left <= deal.total("held"):
            raise NoError
        for lot in sorted(deal.lots, key=lambda lot: self.order(lot.card)):
            part = min(lot.held, left)
            left -= part
            lot.held -= part
            lot.captured += part
            lot.card.held -= part
            lot.card.redeemed += part
        if is_final:
            self.release(deal)

    def release(self, deal: Deal) -> None:
        for lot in deal.lots:
            lot.card.held -= lot.held
            lot.card.available += lot.held
            deal.released += lot.held
            lot.held = 0

    def refund(self, deal: Deal, amount: int | None, now: datetime) -> None:
        rest = deal.total("captured") - deal.total("refunded")
        left = rest if amount is None else amount
        if not 0 < left <= rest:
            raise NoError
        for lot in sorted(deal.lots, key=lambda lot: self.order(lot.card), reverse=True):
            part = min(lot.captured - lot.refunded, left)
            if not part:
                continue
            left -= part
            lot.refunded += part
            lot.card.redeemed -= part
            lot.card.available += part
            if lot.card.expires_at <= now:
                lot.card.expires_at = now + GRACE

    def prolong(self, card: Card, expires_at: datetime, now: datetime) -> None:
        card.expires_at = expires_at
        if expires_at > now:
            card.available += card.expired
            card.expired = 0

    def end(self, now: datetime) -> None:
        """What the worker does: holds first, then credits."""
        for deal in self.deals.values():
            if deal.ends_at and deal.ends_at <= now:
                self.release(deal)
        for card in self.cards.values():
            if card.expires_at <= now:
                card.expired += card.available
                card.available = 0
