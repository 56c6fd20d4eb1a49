"""What the demo shop has besides customers like all others: attribute definitions, segments, and one known shopper."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from patron.attributes import definitions
from patron.attributes.model import Details, Label, Word
from patron.credits.model import LIFE
from patron.demo.people import Deed, Entry, Gift, Person
from patron.kernel.context import Ctx
from patron.kernel.definitions import Validation
from patron.kernel.query import Ago, Compare, Filter
from patron.kernel.secrets import random_token
from patron.kernel.values import name_key
from patron.segments import rule_actions
from patron.segments.filling import fill_now


def _attribute(code: str, label: str, input_type: str, value_type: str, **more: Any) -> Details:
    names = {"code": code, "admin_name": label, "content": Label("en-US", label), "display_group": "AdminAndStorefront"}
    given: dict[str, Any] = names | {"input_type": input_type, "value_type": value_type} | more
    return Details(**given)


def _words(text: str) -> list[Word]:
    return [Word(value=word, label=Label("en-US", word.replace("-", " ").capitalize())) for word in text.split()]


# By family: those of private customers, then those of companies.
DEFINITIONS = (
    ("customer", _attribute("birthday", "Birthday", "Date", "ShopperEntered", validation=Validation(
        time_min=datetime(1920, 1, 1, tzinfo=UTC), time_max=datetime(2012, 1, 1, tzinfo=UTC)))),
    ("customer", _attribute("shoe-size", "Shoe size (EU)", "TextBox", "ShopperEntered", data_type="Number",
        validation=Validation(number_min=Decimal(15), number_max=Decimal(52)))),
    ("customer", _attribute("interests", "Interests", "List", "Predefined", is_multi_valued=True,
        vocabulary=_words("hiking running cycling camping climbing swimming city-trips"))),
    ("customer", _attribute("loyalty-tier", "Loyalty tier", "List", "Predefined", is_read_only=True,
        vocabulary=_words("bronze silver gold platinum"))),
    ("customer", _attribute("loyalty-points", "Loyalty points", "TextBox", "AdminEntered", data_type="Number",
        is_read_only=True, validation=Validation(number_min=Decimal(0)))),
    ("customer", _attribute("delivery-note", "Note for the driver", "TextArea", "ShopperEntered",
        validation=Validation(length_max=200))),
    ("customer", _attribute("referral-code", "Referral code", "TextBox", "AdminOrShopperEntered",
        validation=Validation(pattern="[A-Z]{4}-[0-9]{3}"))),
    ("customer", _attribute("vip", "Very important", "YesNo", "AdminEntered", display_group="Admin")),
    ("account", _attribute("industry", "Industry", "List", "Predefined",
        vocabulary=_words("retail hospitality construction education health other"))),
    ("account", _attribute("payment-days", "Days to pay", "TextBox", "AdminEntered", data_type="Number",
        display_group="Admin", validation=Validation(number_min=Decimal(0), number_max=Decimal(90)))),
    ("account", _attribute("account-manager", "Account manager", "TextBox", "AdminEntered", display_group="Admin")),
)  # fmt: skip

# What people write into text attributes, by code; # is a digit and @ a letter. The first entry goes for all others.
TEXTS = {
    "": ("see the last mail", "agreed by phone", "yes, please", "to be asked again", "as always", "number ##"),
    "delivery-note": (
        *("Leave it with the neighbour.", "Ring twice, please.", "Behind the garden gate.", "Not before ten."),
        *("The dog is friendly.", "Second door on the left.", "Call before you come."),
    ),
    "referral-code": ("@@@@-###",),
    "account-manager": ("Ada Brandt", "Noor Visser", "Luis Ortega", "Mei Tanaka", "Grace Walker"),
}


class Segment(NamedTuple):
    """A segment, and who is in it: by hand, as `chosen` says, or by a rule that it has from then on.

    Of the groups an account is in one at most, so those choices exclude each other.
    """

    code: str
    kind: str
    name: str
    description: str
    chosen: Callable[[Person, datetime], bool] | None = None
    rule: Filter | None = None


def _orders(person: Person) -> list[Deed]:
    return [deed for deed in person.deeds if deed.kind == "Order"]


def _reads_newsletter(person: Person, _now: datetime) -> bool:
    return person.accepts_marketing


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
    Segment(
        *("big-spenders", "segment", "Big spenders", "Ordered for more than 400 in all."),
        rule=Compare("order_total", "gt", 400),
    ),
    Segment(
        *("new-this-month", "segment", "New this month", "Customers since at most thirty days."),
        rule=Compare("created_at", "ge", Ago(30)),
    ),
    Segment("first-order", "segment", "First order", "Ordered once so far.", _ordered_once),
    Segment("win-back", "segment", "Win back", "Ordered before, but not within a year.", _stays_away),
    Segment("wholesale", "group", "Wholesale", "Companies, with their own prices.", _is_company),
    Segment("regulars", "group", "Regulars", "Private customers with eight orders or more.", _is_regular),
)


async def add_definitions(ctx: Ctx) -> None:
    """Write the attribute definitions of a new demo shop."""
    for position, (family, details) in enumerate(DEFINITIONS, start=1):
        await definitions.create(ctx, family, msgspec.structs.replace(details, position=position))


async def add_segments(ctx: Ctx) -> None:
    """Write the segments of a new demo shop."""
    await ctx.db.execute_many(
        """
        insert into segment (tenant_id, kind, code, code_key, name, description, created_at, created_by, updated_at,
                             updated_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8)
        """,
        [
            (ctx.tenant_id, s.kind, s.code, name_key(s.code), s.name, s.description, ctx.now, ctx.actor.name)
            for s in SEGMENTS
        ],
    )


async def add_rules(ctx: Ctx) -> None:
    """Give segments of a new demo shop their rules, and fill them; the customers are there."""
    rows = await ctx.db.fetch("select id, code from segment where tenant_id = $1", ctx.tenant_id)
    ids = {row["code"]: row["id"] for row in rows}
    for segment in SEGMENTS:
        if segment.rule is not None:
            await rule_actions.save(ctx, ids[segment.code], segment.rule)
    await fill_now(ctx)


def shopper(email: str, now: datetime) -> Person:
    """The shopper whose password is on the screen, with an address book, orders and credit."""

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
        gifts=[
            Gift("DEMO-GIFT-CARD", "GiftCard", None, 5_000, 1_275, ago(60), ago(60) + LIFE),
            Gift("DEMO-SORRY", "StoreCredit", None, 1_000, 0, ago(10), ago(10) + LIFE),
        ],
    )
