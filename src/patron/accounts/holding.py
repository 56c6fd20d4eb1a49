"""Keeps a customer from going away while something is made theirs."""

from patron.accounts.records import DEFAULT_SET
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid


async def hold_customer(ctx: Ctx, account_id: int) -> None:
    """See that there is such a customer, an account of the default set, who cannot go until the transaction ends.

    Raises Invalid.
    """
    if not await ctx.db.value(
        f"""
        select a.id from account a
        where a.tenant_id = $1 and a.id = $2 and a.customer_set_code = {DEFAULT_SET} for key share of a
        """,
        ctx.tenant_id,
        account_id,
    ):
        raise Invalid.field("customer", "must exist", "required")
