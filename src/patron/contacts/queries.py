"""Reads of contacts. A contact is read with its address, always."""

import msgspec

from patron.accounts import queries as accounts
from patron.contacts.model import Contact
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Children, Listing, page

COLUMNS = """c.id, c.version, c.account_id, c.address_id, c.email, c.first_name, c.middle_name, c.last_name, c.company,
    c.label, c.fax, c.phone_home, c.phone_mobile, c.phone_work, c.is_billing, c.is_shipping, c.is_primary_billing,
    c.is_primary_shipping, d.line_1, d.line_2, d.line_3, d.line_4, d.city, d.state, d.postal_code, d.country, d.kind,
    d.is_validated, c.created_at, c.created_by, c.updated_at, c.updated_by"""
SOURCE = "contact c join address d on d.tenant_id = $1 and d.id = c.address_id"

CHILDREN = Children(COLUMNS, SOURCE, "c.tenant_id", "c.account_id", "c.id")
DECODER = msgspec.json.Decoder(list[Contact])
PAIRS_DECODER = msgspec.json.Decoder(list[tuple[int, Contact]])


def _text(sql: str) -> Field:
    return Field(sql, sort=f"lower(coalesce({sql}, '')) collate \"C\"")


FIELDS: dict[str, Field] = {
    "id": Field("c.id", "integer", sort="c.id"),
    "created_at": Field("c.created_at", "time", sort="c.created_at"),
    "updated_at": Field("c.updated_at", "time", sort="c.updated_at"),
    "is_validated": Field("d.is_validated", "bool", sort="coalesce(d.is_validated, false)"),
    **{
        name: _text(f"c.{name}")
        for name in (
            *("email", "first_name", "middle_name", "last_name", "company", "label", "fax"),
            *("phone_home", "phone_mobile", "phone_work"),
        )
    },
    **{
        name: _text(f"d.{name}")
        for name in ("line_1", "line_2", "line_3", "line_4", "city", "state", "postal_code", "country", "kind")
    },
}

# The same fields seen from the account: any contact of it will do.
OF_ACCOUNT: dict[str, Field] = {
    f"contacts.{name}": msgspec.structs.replace(
        field,
        sort=None,
        inside=f"exists (select from {SOURCE} where c.tenant_id = $1 and c.account_id = a.id and {{}})",
    )
    for name, field in FIELDS.items()
}

_LISTING = Listing(
    select=COLUMNS,
    source=SOURCE,
    where="c.tenant_id = $1 and c.account_id = $2",
    fields=FIELDS,
    identity="c.id",
    order=(Sort("id"),),
)


async def list_of(ctx: Ctx, account_id: int, ask: Ask) -> Page[Contact]:
    """A page of an account's contacts. Raises NotFound for an unknown account."""
    found = await page(ctx, _LISTING, ask, account_id)
    if not found.total:
        await accounts.require(ctx, account_id)
    return Page([_contact(row) for row in found.items], found.total, found.next_cursor)


async def get(ctx: Ctx, account_id: int, contact_id: int) -> Contact:
    """One contact of an account. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from {SOURCE} where c.tenant_id = $1 and c.account_id = $2 and c.id = $3",
        ctx.tenant_id,
        account_id,
        contact_id,
    )
    if row is None:
        raise NotFound("contact", contact_id)
    return Contact(*row)


async def by_ids(ctx: Ctx, account_id: int, contact_ids: list[int]) -> list[Contact]:
    """Those of the given contacts that the account has, in the order of their ids."""
    rows = await ctx.db.fetch(
        f"select {COLUMNS} from {SOURCE} where c.tenant_id = $1 and c.account_id = $2 and c.id = any($3) order by c.id",
        ctx.tenant_id,
        account_id,
        contact_ids,
    )
    return [Contact(*row) for row in rows]


def _contact(row: object) -> Contact:
    return Contact(*row[: len(Contact.__struct_fields__)])  # type: ignore[index]
