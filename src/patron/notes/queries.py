"""Reads of notes."""

import msgspec

from patron.accounts import queries as accounts
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Children, Listing, page
from patron.notes.model import Note

COLUMNS = "n.id, n.version, n.account_id, n.content, n.created_at, n.created_by, n.updated_at, n.updated_by"

CHILDREN = Children(COLUMNS, "note n", "n.tenant_id", "n.account_id", "n.id")
DECODER = msgspec.json.Decoder(list[Note])
PAIRS_DECODER = msgspec.json.Decoder(list[tuple[int, Note]])

FIELDS: dict[str, Field] = {
    "id": Field("n.id", "integer", sort="n.id"),
    "content": Field("n.content", sort='lower(n.content) collate "C"'),
    "created_at": Field("n.created_at", "time", sort="n.created_at"),
    "updated_at": Field("n.updated_at", "time", sort="n.updated_at"),
}

_LISTING = Listing(
    select=COLUMNS,
    source="note n",
    where="n.tenant_id = $1 and n.account_id = $2",
    fields=FIELDS,
    identity="n.id",
    order=(Sort("id"),),
)


async def list_of(ctx: Ctx, account_id: int, ask: Ask) -> Page[Note]:
    """A page of an account's notes."""
    found = await page(ctx, _LISTING, ask, account_id)
    if not found.total:
        await accounts.require(ctx, account_id)
    return Page([Note(*row[:8]) for row in found.items], found.total, found.next_cursor)


async def get(ctx: Ctx, account_id: int, note_id: int) -> Note:
    """One note of an account. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from note n where n.tenant_id = $1 and n.account_id = $2 and n.id = $3",
        ctx.tenant_id,
        account_id,
        note_id,
    )
    if row is None:
        raise NotFound("note", note_id)
    return Note(*row)
