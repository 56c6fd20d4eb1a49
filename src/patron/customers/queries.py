"""Reads of whole accounts: one statement for one, a constant number for a list."""

from typing import Any

import msgspec

from patron.accounts import queries as accounts
from patron.accounts.model import Account
from patron.attributes import queries as attributes
from patron.contacts import queries as contacts
from patron.customers.model import CHILDREN, Customer
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page
from patron.kernel.sql import Statement, page
from patron.notes import queries as notes
from patron.segments import queries as segments

_SLICES: dict[str, Any] = {"contacts": contacts, "attributes": attributes, "segments": segments, "notes": notes}

FIELDS: dict[str, Field] = {**accounts.FIELDS, **contacts.OF_ACCOUNT, **segments.OF_ACCOUNT}


async def get(ctx: Ctx, account_id: int, wants: frozenset[str] = CHILDREN) -> Customer:
    """An account with the children that are wanted, in one statement. Raises NotFound."""
    asked = [name for name in _SLICES if name in wants]
    more = "".join(f", {_SLICES[name].AS_JSON} as {name}" for name in asked)
    row = await ctx.db.row(
        f"select {accounts.COLUMNS}{more} from account a where a.tenant_id = $1 and a.id = $2",
        ctx.tenant_id,
        account_id,
    )
    if row is None:
        raise NotFound("account", account_id)
    return Customer(_account(row), **{name: _SLICES[name].DECODER.decode(row[name]) for name in asked})


def _account(row: Row) -> Account:
    return Account(*row[: accounts.WIDTH])


async def list_of(
    ctx: Ctx,
    ask: Ask,
    *,
    fields: dict[str, Field],
    wants: frozenset[str] = CHILDREN,
    search: str | None = None,
    search_limit: int = 100,
    is_anonymous: bool | None = None,
) -> Page[Customer]:
    """A page of the tenant's accounts with the children that are wanted.

    `fields` are `FIELDS` and those of the custom attributes that the filter names. The total comes from the counters
    when nothing narrows the list.
    """
    statement = Statement(ctx.tenant_id)
    conditions = []
    if is_anonymous is not None:
        conditions.append(f"a.is_anonymous = {statement.bind(is_anonymous, 'boolean')}")
    sought = accounts.searched(statement, search, search_limit) if search else None
    if sought:
        conditions.append(sought)
    total = None
    if ask.filter is None and sought is None:
        total = await accounts.total(ctx, is_anonymous=is_anonymous)
    found = await page(
        ctx,
        msgspec.structs.replace(accounts.LISTING, fields=fields),
        ask,
        *statement.args[1:],
        extra=" and ".join(conditions),
        total=total,
    )
    rows = [_account(row) for row in found.items]
    children = await with_children(ctx, rows, wants)
    return Page(children, found.total, found.next_cursor)


async def with_children(ctx: Ctx, rows: list[Account], wants: frozenset[str] = CHILDREN) -> list[Customer]:
    """Accounts with their children: one statement for each kind of child, whatever the number of accounts."""
    ids = [account.id for account in rows]
    read = {name: await _SLICES[name].by_accounts(ctx, ids) for name in _SLICES if name in wants and ids}
    return [Customer(account, **{name: found.get(account.id, []) for name, found in read.items()}) for account in rows]
