"""Reads of accounts, and what may be asked about them."""

from patron.accounts.model import Account
from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.query import Field, Key, Kind, Sort
from patron.kernel.sql import Listing, Statement, like_escape, major
from patron.kernel.values import email_key, fold, parse_id

COLUMNS = """a.id, a.version, a.customer_set_code, a.account_type, a.user_id, a.email, a.holds_email, a.user_name,
    a.first_name, a.last_name, a.company, a.external_id, a.tax_id, a.is_tax_exempt, a.accepts_marketing, a.locale,
    a.is_active, a.is_locked, a.is_anonymous, a.has_foreign_hash, a.needs_migration, a.since_at, a.second_factor_at,
    a.order_count, a.order_total_minor, a.order_currency, a.last_order_at, a.wishlist_count, a.visit_count,
    a.last_visit_at, a.created_at, a.created_by, a.updated_at, a.updated_by"""
WIDTH = len(Account.__struct_fields__)
COLUMN = dict(zip(Account.__struct_fields__, (column.strip() for column in COLUMNS.split(",")), strict=True))

_SEARCHED = Key("a.search", fold)


def _text(column: str, *, equal: Key | None = None) -> Field:
    """A text column that the search index covers."""
    return Field(f"a.{column}", sort=f"lower(coalesce(a.{column}, '')) collate \"C\"", equal=equal, has=_SEARCHED)


def _name(column: str) -> Field:
    """A text column with a stored key without case and accents."""
    key = f"a.{column}_key"
    return Field(f"a.{column}", sort=key, equal=Key(key, fold), has=_SEARCHED)


def _plain(column: str, kind: Kind) -> Field:
    """A column that is never null and no text."""
    return Field(f"a.{column}", kind, sort=f"a.{column}")


FIELDS: dict[str, Field] = {
    "id": _plain("id", "integer"),
    "user_id": Field("a.user_id", sort="coalesce(a.user_id, '') collate \"C\""),
    "first_name": _name("first_name"),
    "last_name": _name("last_name"),
    "company": _name("company"),
    "email": Field("a.email", sort="a.email_sort", equal=Key("a.email_key", email_key, exact=True), has=_SEARCHED),
    "user_name": _text("user_name"),
    "external_id": _text("external_id"),
    "tax_id": Field("a.tax_id", sort="lower(coalesce(a.tax_id, '')) collate \"C\""),
    "account_type": Field("a.account_type", sort='a.account_type collate "C"'),
    "customer_set": Field("a.customer_set_code", sort='a.customer_set_code collate "C"'),
    "locale": Field("a.locale", sort="lower(coalesce(a.locale, '')) collate \"C\""),
    "is_tax_exempt": _plain("is_tax_exempt", "bool"),
    "accepts_marketing": _plain("accepts_marketing", "bool"),
    "is_anonymous": _plain("is_anonymous", "bool"),
    "is_active": _plain("is_active", "bool"),
    "is_locked": _plain("is_locked", "bool"),
    "since_at": _plain("since_at", "time"),
    "created_at": _plain("created_at", "time"),
    "updated_at": _plain("updated_at", "time"),
    "order_count": _plain("order_count", "integer"),
    "order_total": Field(major("a.order_total_minor", "a.order_currency"), "number", sort="a.order_total_minor"),
    "last_order_at": Field("a.last_order_at", "time", sort="coalesce(a.last_order_at, '-infinity'::timestamptz)"),
    "wishlist_count": _plain("wishlist_count", "integer"),
    "visit_count": _plain("visit_count", "integer"),
    "last_visit_at": Field("a.last_visit_at", "time", sort="coalesce(a.last_visit_at, '-infinity'::timestamptz)"),
}

LISTING = Listing(
    select=COLUMNS, source="account a", where="a.tenant_id = $1", fields=FIELDS, identity="a.id", order=(Sort("id"),)
)


async def get(ctx: Ctx, account_id: int) -> Account:
    """An account without its children. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from account a where a.tenant_id = $1 and a.id = $2", ctx.tenant_id, account_id
    )
    if row is None:
        raise NotFound("account", account_id)
    return Account(*row)


async def find(db: Session, tenant_id: int, account_id: int) -> Account | None:
    """The same where there is no context yet, and None when there is no such account."""
    row = await db.row(f"select {COLUMNS} from account a where a.tenant_id = $1 and a.id = $2", tenant_id, account_id)
    return Account(*row) if row else None


async def by_user_id(ctx: Ctx, user_id: str) -> Account | None:
    """The account behind a user id."""
    row = await ctx.db.row(
        f"select {COLUMNS} from account a where a.tenant_id = $1 and a.user_id = $2", ctx.tenant_id, user_id
    )
    return Account(*row) if row else None


async def holder(ctx: Ctx, email: str) -> int | None:
    """The customer of the organization, so of its default set, who holds an e-mail address."""
    found = await ctx.db.value(
        """
        select a.id from account a join customer_set c on c.tenant_id = $1 and c.code = a.customer_set_code
        where a.tenant_id = $1 and a.email_key = $2 and a.holds_email and c.is_default
        """,
        ctx.tenant_id,
        email_key(email.strip()),
    )
    return None if found is None else int(found)


async def require(ctx: Ctx, account_id: int) -> None:
    """Raise NotFound unless there is such an account: for lists of children, which may be empty."""
    if not await ctx.db.value(
        "select exists (select from account a where a.tenant_id = $1 and a.id = $2)", ctx.tenant_id, account_id
    ):
        raise NotFound("account", account_id)


def counted(*, is_anonymous: bool | None = None) -> str:
    """The SQL for how many accounts the tenant has, from its counters."""
    column = {None: "accounts", True: "anonymous", False: "accounts - anonymous"}[is_anonymous]
    return f"(select coalesce(sum({column}), 0)::bigint from account_count where tenant_id = $1)"


async def total(ctx: Ctx, *, is_anonymous: bool | None = None) -> int:
    """How many accounts the tenant has."""
    return int(await ctx.db.value(f"select {counted(is_anonymous=is_anonymous)}", ctx.tenant_id))


def searched(statement: Statement, words: str, limit: int) -> str | None:
    """The condition for a search box: a bare number is an id; else every word must be in some field.

    The index knows runs of three letters. So a word of one or two, often a whole name in Chinese or Japanese, is sought
    where words begin, and a longer one anywhere.

    `limit` is how many candidates are considered. None when there is nothing to look for.
    """
    text = fold(words.replace("*", " "))
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return f"a.id = {statement.bind(parse_id(text) or 0, 'bigint')}"
    likes = " and ".join(_holds(statement, like_escape(word)) for word in text.split()[:10])
    bound = statement.bind(limit, "bigint")
    return f"a.id = any(array(select x.id from account x where x.tenant_id = $1 and {likes} limit {bound}))"


def _holds(statement: Statement, word: str) -> str:
    """The condition that the searched text of the account `x` has a word."""
    if len(word) >= 3 or not any(map(str.isalnum, word)):
        return f"x.search like {statement.bind(f'%{word}%', 'text')}"
    first, later = statement.bind(f"{word}%", "text"), statement.bind(f"% {word}%", "text")
    return f"(x.search like {first} or x.search like {later})"
