"""Reads of credits and of what happened to them."""

from datetime import datetime

import msgspec

from patron.credits.model import Credit
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Listing, major, page
from patron.kernel.values import name_key

COLUMNS = """c.id, c.version, c.code, c.kind, c.custom_kind, c.account_id, c.currency, c.initial_minor, c.activates_at,
    c.expires_at, c.available_minor, c.held_minor, c.redeemed_minor, c.expired_minor, c.created_at, c.created_by,
    c.updated_at, c.updated_by"""
WIDTH = len(Credit.__struct_fields__)


def _money(sql: str, currency: str) -> Field:
    """An amount; lists are ordered by minor units."""
    return Field(major(sql, currency), "number", sort=sql)


FIELDS: dict[str, Field] = {
    "code": Field("c.code", sort="c.code_key"),
    "kind": Field("c.kind", sort='c.kind collate "C"'),
    "custom_kind": Field("c.custom_kind", sort="lower(coalesce(c.custom_kind, '')) collate \"C\""),
    "account_id": Field("c.account_id", "integer", sort="coalesce(c.account_id, 0)"),
    "currency": Field("c.currency", sort='c.currency collate "C"'),
    "initial": _money("c.initial_minor", "c.currency"),
    "balance": _money("(c.available_minor + c.held_minor)", "c.currency"),
    "activates_at": Field("c.activates_at", "time", sort="c.activates_at"),
    "expires_at": Field("c.expires_at", "time", sort="c.expires_at"),
    "created_at": Field("c.created_at", "time", sort="c.created_at"),
    "updated_at": Field("c.updated_at", "time", sort="c.updated_at"),
}

# The account's credits in the currency of its orders, added up: one look at an index. Then any credit of it.
_SUM = major("(b.available_minor + b.held_minor)", "b.currency")
OF_ACCOUNT: dict[str, Field] = {
    "credit_balance": Field(
        f"""coalesce((select {_SUM} from credit_balance b
            where b.tenant_id = $1 and b.account_id = a.id and b.currency = a.order_currency), 0)""",
        "number",
    ),
    **{
        f"credits.{name}": msgspec.structs.replace(
            FIELDS[name],
            sort=None,
            inside="exists (select from credit c where c.tenant_id = $1 and c.account_id = a.id and {})",
        )
        for name in ("code", "kind", "custom_kind", "currency", "balance", "activates_at", "expires_at")
    },
}

_LISTING = Listing(
    select=COLUMNS,
    source="credit c",
    where="c.tenant_id = $1 and c.deleted_at is null",
    fields=FIELDS,
    identity="c.id",
    order=(),
)


async def list_of(ctx: Ctx, ask: Ask) -> Page[Credit]:
    """A page of the tenant's credits, the oldest first unless asked otherwise."""
    found = await page(ctx, _LISTING, ask)
    return Page([Credit(*row[:WIDTH]) for row in found.items], found.total, found.next_cursor)


async def by_code(ctx: Ctx, code: str, *, lock: bool = False) -> Credit:
    """A credit by its code, in any case; locked until the transaction ends if told so. Raises NotFound."""
    row = await ctx.db.row(
        f"""
        select {COLUMNS} from credit c where c.tenant_id = $1 and c.code_key = $2 and c.deleted_at is null
        {"for update" if lock else ""}
        """,
        ctx.tenant_id,
        name_key(code),
    )
    if row is None:
        raise NotFound("credit", code[:40])
    return Credit(*row)


class Entry(msgspec.Struct, frozen=True):
    """One movement of a credit's balance. The fields stand in the order of `_ENTRIES.select`.

    `sign` is 1 for what raised the balance, -1 for what lowered it.
    """

    id: int
    kind: str
    sign: int
    amount_minor: int
    balance_minor: int
    currency: str
    payment_id: int | None
    order_id: str | None
    comments: str | None
    data: object
    key: str | None
    at: datetime
    by: str | None


# A hold leaves the balance as it is, and so does its release; what the credit began with is no movement.
_MOVES = "(n.target in ('available', 'held')) <> (n.source in ('available', 'held')) and n.kind <> 'issue'"
_ENTRY = """n.id, n.kind, case when n.target in ('available', 'held') then 1 else -1 end, n.amount_minor,
    n.balance_minor, n.currency, n.payment_id, n.order_id, n.comments, n.data, n.key, n.at, n.by"""

ENTRY_FIELDS: dict[str, Field] = {
    "id": Field("n.id", "integer", sort="n.id"),
    "kind": Field(
        "case when n.target in ('available', 'held') then 'Credit' else 'Debit' end",
        sort="case when n.target in ('available', 'held') then 'Credit' else 'Debit' end",
    ),
    "amount": _money("n.amount_minor", "n.currency"),
    "order_id": Field("n.order_id", sort="lower(coalesce(n.order_id, '')) collate \"C\""),
    "comments": Field("n.comments", sort="lower(coalesce(n.comments, '')) collate \"C\""),
    "at": Field("n.at", "time", sort="n.at"),
}

_ENTRIES = Listing(
    select=_ENTRY,
    source="credit_entry n",
    where=f"n.tenant_id = $1 and n.credit_id = $2 and {_MOVES}",
    fields=ENTRY_FIELDS,
    identity="n.id",
    order=(Sort("id", descending=True),),
    identity_descending=True,
)


async def entries_of(ctx: Ctx, code: str, ask: Ask) -> Page[Entry]:
    """A page of what moved a credit's balance, newest first unless asked otherwise. Raises NotFound."""
    credit = await by_code(ctx, code)
    found = await page(ctx, _ENTRIES, ask, credit.id)
    return Page([_entry(row) for row in found.items], found.total, found.next_cursor)


async def entry(ctx: Ctx, entry_id: int) -> Entry:
    """One entry, by its id."""
    row = await ctx.db.row(
        f"select {_ENTRY} from credit_entry n where n.tenant_id = $1 and n.id = $2", ctx.tenant_id, entry_id
    )
    if row is None:
        raise NotFound("entry", entry_id)
    return _entry(row)


def _entry(row: object) -> Entry:
    return Entry(*row[: len(Entry.__struct_fields__)])  # type: ignore[index]
