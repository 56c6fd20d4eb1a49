"""Reads of payments, and of which credits they took from."""

from collections import defaultdict

import msgspec

from patron.credits.model import Payment, Share
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Listing, major, page

COLUMNS = """p.id, p.version, p.key, p.account_id, p.credit_id, p.currency, p.amount_minor, p.held_minor,
    p.captured_minor, p.released_minor, p.refunded_minor, p.order_id, p.comments, p.expires_at, p.created_at,
    p.created_by, p.updated_at, p.updated_by"""


def _money(column: str) -> Field:
    return Field(major(f"p.{column}", "p.currency"), "number", sort=f"p.{column}")


def _text(column: str) -> Field:
    return Field(f"p.{column}", sort=f"lower(coalesce(p.{column}, '')) collate \"C\"")


FIELDS: dict[str, Field] = {
    "id": Field("p.id", "integer", sort="p.id"),
    "key": _text("key"),
    "account_id": Field("p.account_id", "integer", sort="coalesce(p.account_id, 0)"),
    "order_id": _text("order_id"),
    "currency": Field("p.currency", sort='p.currency collate "C"'),
    "amount": _money("amount_minor"),
    "held": _money("held_minor"),
    "captured": _money("captured_minor"),
    "refunded": _money("refunded_minor"),
    "expires_at": Field("p.expires_at", "time", sort="coalesce(p.expires_at, 'infinity'::timestamptz)"),
    "created_at": Field("p.created_at", "time", sort="p.created_at"),
}

_LISTING = Listing(
    select=COLUMNS,
    source="credit_payment p",
    where="p.tenant_id = $1",
    fields=FIELDS,
    identity="p.id",
    order=(Sort("id", descending=True),),
    identity_descending=True,
)


async def list_of(ctx: Ctx, ask: Ask) -> Page[Payment]:
    """A page of payments, newest first unless asked otherwise."""
    found = await page(ctx, _LISTING, ask)
    width = len(Payment.__struct_fields__)
    return Page([Payment(*row[:width]) for row in found.items], found.total, found.next_cursor)


async def get(ctx: Ctx, payment_id: int) -> Payment:
    """A payment by its id. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from credit_payment p where p.tenant_id = $1 and p.id = $2", ctx.tenant_id, payment_id
    )
    if row is None:
        raise NotFound("payment", payment_id)
    return Payment(*row)


async def lots(ctx: Ctx, payment_id: int, book: str) -> list[Share]:
    """What of a payment lies in a book of each of its credits, by the entries; what expires soonest comes first."""
    rows = await ctx.db.fetch(
        """
        select n.credit_id, n.minor from (
            select e.credit_id, sum(case when e.target = $3 then e.amount_minor else 0 end
                                  - case when e.source = $3 then e.amount_minor else 0 end)::bigint as minor
            from credit_entry e where e.tenant_id = $1 and e.payment_id = $2 group by e.credit_id
        ) n join credit c on c.tenant_id = $1 and c.id = n.credit_id
        where n.minor > 0 order by c.expires_at, c.id
        """,
        ctx.tenant_id,
        payment_id,
        book,
    )
    return [Share(*row) for row in rows]


class Part(msgspec.Struct, frozen=True):
    """What a payment took from one credit, and what became of it."""

    payment_id: int
    code: str
    amount_minor: int
    held_minor: int
    captured_minor: int
    refunded_minor: int


async def parts_of(ctx: Ctx, payment_ids: list[int]) -> dict[int, list[Part]]:
    """The credits of many payments in one statement, in the order in which they were drawn upon."""
    rows = await ctx.db.fetch(
        """
        select n.payment_id, c.code, n.amount, n.amount - n.captured - n.released, n.captured, n.refunded from (
            select e.payment_id, e.credit_id,
                   coalesce(sum(e.amount_minor) filter (where e.kind in ('hold', 'debit')), 0)::bigint as amount,
                   coalesce(sum(e.amount_minor) filter (where e.kind in ('capture', 'debit')), 0)::bigint as captured,
                   coalesce(sum(e.amount_minor) filter (where e.kind = 'release'), 0)::bigint as released,
                   coalesce(sum(e.amount_minor) filter (where e.kind = 'refund'), 0)::bigint as refunded
            from credit_entry e where e.tenant_id = $1 and e.payment_id = any($2) group by e.payment_id, e.credit_id
        ) n join credit c on c.tenant_id = $1 and c.id = n.credit_id
        order by n.payment_id, c.expires_at, c.id
        """,
        ctx.tenant_id,
        payment_ids,
    )
    found: dict[int, list[Part]] = defaultdict(list)
    for row in rows:
        found[row["payment_id"]].append(Part(*row))
    return found
