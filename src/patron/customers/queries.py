"""Reads of whole accounts: one statement for one, a constant number for a list."""

from collections import defaultdict
from functools import cache
from typing import Any

import msgspec

from patron.accounts import queries as accounts
from patron.accounts.model import Account
from patron.attributes import queries as attributes
from patron.contacts import queries as contacts
from patron.credits.queries import OF_ACCOUNT as CREDITS_OF_ACCOUNT
from patron.customers.model import CHILDREN, Customer
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page
from patron.kernel.sql import Statement, page
from patron.notes import queries as notes
from patron.segments import queries as segments
from patron.visits import queries as visits

_SLICES: dict[str, Any] = {"contacts": contacts, "attributes": attributes, "segments": segments, "notes": notes}

FIELDS: dict[str, Field] = {
    **accounts.FIELDS,
    **contacts.OF_ACCOUNT,
    **segments.OF_ACCOUNT,
    **CREDITS_OF_ACCOUNT,
    **visits.OF_ACCOUNT,
}


async def get(ctx: Ctx, account_id: int, wants: frozenset[str] = CHILDREN, *, is_last: bool = False) -> Customer:
    """An account with the children that are wanted, in one statement. Raises NotFound.

    `is_last`: what is queued may ride along, as none of it changes what is read.
    """
    read = ctx.db.last_row if is_last else ctx.db.row
    row = await read(_whole(wants), ctx.tenant_id, account_id)
    if row is None:
        raise NotFound("account", account_id)
    return _customer(row, wants)


@cache
def _whole(wants: frozenset[str]) -> str:
    columns = ", ".join(part for part in (accounts.COLUMNS, _children(wants)) if part)
    return f"select {columns} from account a where a.tenant_id = $1 and a.id = $2"


@cache
def _children(wants: frozenset[str]) -> str:
    """The columns that hold the children of the account `a`."""
    return ", ".join(f"{_SLICES[name].CHILDREN.of_one} as {name}" for name in _SLICES if name in wants)


def _customer(row: Row, wants: frozenset[str]) -> Customer:
    children = {name: _SLICES[name].DECODER.decode(row[name]) for name in wants}
    return Customer(Account(*row[: accounts.WIDTH]), **children)


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a list of accounts beside its filter. `fields` are `FIELDS` and those of the custom attributes
    that the filter names; `search_limit` is how many candidates the search box considers.
    """

    fields: dict[str, Field]
    search: str | None = None
    search_limit: int = 100
    is_anonymous: bool | None = None


async def list_of(ctx: Ctx, ask: Ask, narrowed: Narrowed, wants: frozenset[str] = CHILDREN) -> Page[Customer]:
    """A page of the tenant's accounts with the children that are wanted.

    Two statements: the page, and all children of all its accounts. One, when the list is narrowed: then most often few
    are found, and their children are read with them.
    """
    if ask.filter is None and not narrowed.search:
        page = await _found(ctx, ask, narrowed, accounts.COLUMNS)
        found = [Account(*row[: accounts.WIDTH]) for row in page.items]
        return Page(await with_children(ctx, found, wants), page.total, page.next_cursor)
    page = await _found(ctx, ask, narrowed, accounts.COLUMNS, _children(wants))
    return Page([_customer(row, wants) for row in page.items], page.total, page.next_cursor)


async def rows_of(ctx: Ctx, ask: Ask, narrowed: Narrowed, names: list[str]) -> Page[Row]:
    """The same page, but of each account just the named fields of `Account`, in their order."""
    return await _found(ctx, ask, narrowed, ", ".join(accounts.COLUMN[name] for name in names))


async def _found(ctx: Ctx, ask: Ask, narrowed: Narrowed, select: str, more: str = "") -> Page[Row]:
    """The total comes from the counters when nothing narrows the list."""
    statement = Statement(ctx.tenant_id)
    conditions = []
    if narrowed.is_anonymous is not None:
        conditions.append(f"a.is_anonymous = {statement.bind(narrowed.is_anonymous, 'boolean')}")
    sought = accounts.searched(statement, narrowed.search, narrowed.search_limit) if narrowed.search else None
    if sought:
        conditions.append(sought)
    total = None
    if ask.filter is None and sought is None:
        total = accounts.counted(is_anonymous=narrowed.is_anonymous)
    return await page(
        ctx,
        msgspec.structs.replace(accounts.LISTING, select=select, fields=narrowed.fields),
        ask,
        *statement.args[1:],
        extra=" and ".join(conditions),
        more=more,
        total=total,
        few=sought is not None,
    )


async def with_children(ctx: Ctx, found: list[Account], wants: frozenset[str] = CHILDREN) -> list[Customer]:
    """Accounts with their children: one statement, whatever the number of accounts."""
    row = await ctx.db.row(_of_many(wants), ctx.tenant_id, [one.id for one in found]) if found and wants else None
    children = {name: _by_owner(_SLICES[name].PAIRS_DECODER.decode(row[name])) for name in wants} if row else {}
    return [Customer(one, **{name: of.get(one.id, []) for name, of in children.items()}) for one in found]


@cache
def _of_many(wants: frozenset[str]) -> str:
    return "select " + ", ".join(f"{_SLICES[name].CHILDREN.of_many} as {name}" for name in _SLICES if name in wants)


def _by_owner(pairs: list[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for owner_id, child in pairs:
        found[owner_id].append(child)
    return found
