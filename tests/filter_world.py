"""Accounts in the database and in memory, and what a filter means in plain Python: for tests that compare both."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
from hypothesis import strategies as st

from patron.accounts.model import Profile
from patron.contacts.model import Details
from patron.customers import actions, queries
from patron.customers.model import Customer
from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock as real_clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.query import Ask, Compare, Every, Filter, Not, Some, Value
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, read_key
from patron.kernel.tokens import Keyring
from patron.kernel.values import email_key, from_minor
from patron.settings import Settings
from patron.tenants import queries as tenants
from shops import open_shop
from stage import TEST_KEY

TEXTS = [
    "a",
    "A",
    "ab",
    "AB",
    "b",
    "é",
    "É",
    "äb",
    "ß",
    "%",
    "_",
    "a_b",
    "a%",
    "\\",
    "a\\",
    "'",
    "a b",
    "a  b",
    "字",
    "Z",
    "",
    " a",
]
ADDRESSES = ["jo@example.com", "JO@Example.com", "kim@bücher.example", "kim@xn--bcher-kva.example", "a_b@example.com"]
TIMES = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(4)]
NUMBERS = [0, 1, 2, -1, 10**15, Decimal("0.5"), Decimal("12.34"), 10**25]


def accounts_of(chance: random.Random) -> Iterator[actions.NewCustomer]:
    """Accounts whose values meet each other often."""
    texts = [None, *TEXTS]
    for _ in range(60):
        yield actions.NewCustomer(
            profile=Profile(
                email=chance.choice([None, *ADDRESSES]),
                first_name=chance.choice(texts),
                last_name=chance.choice(texts),
                company=chance.choice(texts),
                external_id=chance.choice(texts),
                tax_id=chance.choice(texts),
                accepts_marketing=chance.choice([True, False]),
            ),
            contacts=[
                Details(
                    first_name=chance.choice(texts),
                    city=chance.choice(texts),
                    email=chance.choice(texts),
                    is_validated=chance.choice([None, True, False]),
                )
                for _ in range(chance.choice([0, 0, 1, 2, 3]))
            ],
        )


class World:
    """A tenant's accounts, in the database and in memory."""

    ctx: Ctx
    rows: list[Customer]


async def made_world(http: httpx.AsyncClient, database: Database, settings: Settings) -> World:
    """Sixty accounts with contacts, sums and dates."""
    shop = await open_shop(http, database)
    made, db = World(), database.session()
    vault = Vault(read_key(TEST_KEY, settings.home))
    secrets = Secrets(
        vault, Keyring(vault, settings.issuer), Passwords(), Revocations(database, lambda _: None, lambda _: None)
    )
    (site,) = await tenants.sites(db, shop.tenant_id)
    made.ctx = Ctx(shop.tenant_id, SYSTEM, frozenset(), real_clock(), "test", db, secrets, site)
    chance = random.Random(11)
    async with db.transaction():
        for new in accounts_of(chance):
            customer = await actions.create(made.ctx, new)
            await db.execute(
                """
                update account set order_total_minor = $3, order_currency = $4, order_count = $5, last_order_at = $6,
                       created_at = $7 where tenant_id = $1 and id = $2
                """,
                shop.tenant_id,
                customer.account.id,
                chance.choice([0, 50, 1234, 100]),
                chance.choice(["USD", "JPY", "KWD"]),
                chance.choice([0, 1, 2]),
                chance.choice([None, *TIMES]),
                chance.choice(TIMES),
            )
    made.rows = (await queries.list_of(made.ctx, Ask(size=200), queries.Narrowed(fields=queries.FIELDS))).items
    secrets.passwords.close()
    return made


def values_of(row: Customer, name: str) -> list[Any]:
    """What a field of an account holds; for a path into its contacts, of each of them."""
    if name.startswith("contacts."):
        return [getattr(contact, name.removeprefix("contacts.")) for contact in row.contacts or ()]
    if name == "order_total":
        return [from_minor(row.account.order_total_minor, row.account.order_currency)]
    return [getattr(row.account, name)]


def holds(row: Customer, node: Filter) -> bool:
    """The meaning of a filter, written down as plainly as it can be."""
    match node:
        case Every(parts):
            return all(holds(row, part) for part in parts)
        case Some(parts):
            return any(holds(row, part) for part in parts)
        case Not(part):
            return not holds(row, part)
        case Compare(name, op, value):
            return any(compares(name, op, held, value) for held in values_of(row, name))


def compares(name: str, op: str, held: Any, value: Any) -> bool:
    """One value of a row against one value of the question."""
    if op == "within":
        return any(compares(name, "eq", held, one) for one in value)
    if value is None:
        return (held is None) == (op == "eq")
    if held is None:
        return op == "ne"
    if isinstance(held, str):
        if name == "email" and op in ("eq", "ne"):
            held, value = email_key(held), email_key(value)
        held, value = held.lower(), value.lower()
    return bool(
        {
            "eq": lambda: held == value,
            "ne": lambda: held != value,
            "gt": lambda: held > value,
            "ge": lambda: held >= value,
            "lt": lambda: held < value,
            "le": lambda: held <= value,
            "has": lambda: value in held,
            "starts": lambda: held.startswith(value),
        }[op]()
    )


TEXT_FIELDS = ["first_name", "last_name", "company", "external_id", "tax_id", "email", "user_name"]
TEXT_FIELDS += ["contacts.first_name", "contacts.city", "contacts.email"]
KINDS: dict[str, tuple[list[str], st.SearchStrategy[Any], list[str]]] = {
    "text": (TEXT_FIELDS, st.sampled_from([*TEXTS, *ADDRESSES]), ["eq", "ne", "gt", "ge", "lt", "le", "has", "starts"]),
    "number": (["order_count", "order_total", "id"], st.sampled_from(NUMBERS), ["eq", "ne", "gt", "ge", "lt", "le"]),
    "bool": (["accepts_marketing", "is_anonymous", "contacts.is_validated"], st.booleans(), ["eq", "ne"]),
    "time": (["created_at", "last_order_at"], st.sampled_from(TIMES), ["eq", "ne", "gt", "ge", "lt", "le"]),
}


@st.composite
def comparisons(draw: st.DrawFn) -> Compare:
    """One comparison that fits its field."""
    names, values, ops = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    name, how = draw(st.sampled_from(names)), draw(st.integers(0, 9))
    if how == 0:
        return Compare(name, draw(st.sampled_from(["eq", "ne"])), None)
    if how == 1:
        some: list[Value] = draw(st.lists(values | st.none(), min_size=1, max_size=4))
        return Compare(name, "within", tuple(some))
    return Compare(name, draw(st.sampled_from(ops)), draw(values))  # type: ignore[arg-type]


TREES = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Every(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Some(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)
