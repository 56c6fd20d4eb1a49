"""Reads of cards."""

from patron.accounts import queries as accounts
from patron.cards.model import Card
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound

COLUMNS = """k.id, k.version, k.account_id, k.contact_id, k.masked, k.kind, k.name_on_card, k.expire_month,
    k.expire_year, k.is_default, k.created_at, k.updated_at"""


async def list_of(ctx: Ctx, account_id: int) -> list[Card]:
    """All cards of an account, oldest first. Raises NotFound for an unknown account."""
    rows = await ctx.db.fetch(
        f"select {COLUMNS} from card k where k.tenant_id = $1 and k.account_id = $2 order by k.created_at, k.id",
        ctx.tenant_id,
        account_id,
    )
    if not rows:
        await accounts.require(ctx, account_id)
    return [Card(*row) for row in rows]


async def get(ctx: Ctx, account_id: int, card_id: str) -> Card:
    """One card of an account. Raises NotFound."""
    row = await ctx.db.row(
        f"select {COLUMNS} from card k where k.tenant_id = $1 and k.account_id = $2 and k.id = $3",
        ctx.tenant_id,
        account_id,
        card_id,
    )
    if row is None:
        raise NotFound("card", card_id[:40])
    return Card(*row)
