"""What the demo shop has besides customers like all others: attribute definitions, segments, and one known shopper."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from patron.demo.people import Deed, Entry, Person
from patron.demo.rows import BY
from patron.kernel.db import Session
from patron.kernel.secrets import random_token
from patron.kernel.values import name_key


class Segment(NamedTuple):
    """A segment, and who is in it. Of the groups an account is in one at most, so their rules exclude each other."""

    code: str
    kind: str
    name: str
    description: str
    rule: Callable[[Person, datetime], bool]


def _orders(person: Person) -> list[Deed]:
    return [deed for deed in person.deeds if deed.kind == "Order"]


def _reads_newsletter(person: Person, _now: datetime) -> bool:
    return person.accepts_marketing


def _spends_much(person: Person, _now: datetime) -> bool:
    return sum(deed.amount_minor for deed in _orders(person)) > 40_000


def _ordered_once(person: Person, _now: datetime) -> bool:
    return len(_orders(person)) == 1


def _stays_away(person: Person, now: datetime) -> bool:
    orders = _orders(person)
    return bool(orders) and all(deed.at < now - timedelta(days=365) for deed in orders)


def _is_company(person: Person, _now: datetime) -> bool:
    return person.account_type == "B2B"


def _is_regular(person: Person, _now: datetime) -> bool:
    return person.account_type == "B2C" and len(_orders(person)) >= 8


SEGMENTS = (
    Segment("newsletter", "segment", "Newsletter readers", "Agreed to marketing mails.", _reads_newsletter),
    Segment("big-spenders", "segment", "Big spenders", "Ordered for more than 400 in all.", _spends_much),
    Segment("first-order", "segment", "First order", "Ordered once so far.", _ordered_once),
    Segment("win-back", "segment", "Win back", "Ordered before, but not within a year.", _stays_away),
    Segment("wholesale", "group", "Wholesale", "Companies, with their own prices.", _is_company),
    Segment("regulars", "group", "Regulars", "Private customers with eight orders or more.", _is_regular),
)


async def add_segments(db: Session, tenant_id: int, now: datetime) -> None:
    """Write the segments of a new demo shop."""
    await db.execute_many(
        """
        insert into segment (tenant_id, kind, code, code_key, name, description, created_at, created_by, updated_at,
                             updated_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8)
        """,
        [(tenant_id, s.kind, s.code, name_key(s.code), s.name, s.description, now, BY) for s in SEGMENTS],
    )


def shopper(email: str, now: datetime) -> Person:
    """The shopper whose password is on the screen, with an address book and orders."""

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    home = Entry(
        *("Home", "Jamie", "Rivera", None, None, "+1 (555) 555-0142", True, True, True, True),
        *("18 Maple Street", "Apt 2", "Austin", "TX", "78704", "US", "Residential", True),
    )
    work = Entry(
        *("Work", "Jamie", "Rivera", "Rivera Outfitters LLC", "+1 (555) 555-0178", None, False, True, False, False),
        *("400 Congress Avenue", None, "Austin", "TX", "78701", "US", "Commercial", True),
    )
    return Person(
        country="US",
        currency="USD",
        locale="en-US",
        external_id="DEMO-SHOPPER",
        user_id=random_token(),
        user_name=email,
        email=email,
        first_name="Jamie",
        last_name="Rivera",
        accepts_marketing=True,
        created_at=ago(400),
        last_login_at=ago(2),
        contacts=[home, work],
        notes=["Prefers e-mail to phone calls."],
        deeds=[
            Deed("DEMO-1001", "Order", "Website", 12_950, ago(390)),
            Deed("DEMO-1002", "Order", "Website", 4_800, ago(120)),
            Deed("DEMO-1002-R", "Return", "Website", 1_600, ago(110)),
            Deed("DEMO-1003", "Order", "Store", 8_275, ago(20)),
            Deed("DEMO-W", "Wishlist", "Website", 0, ago(15)),
        ],
    )
