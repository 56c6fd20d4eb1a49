"""What attachments may hang on: kinds of records, and how to see that one is there."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from patron.accounts.records import DEFAULT_SET
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid

Kind = Literal["account", "segment", "order", "return", "sku_list", "site"]

# Each statement keeps the record from going away until the transaction ends.
_THERE: dict[str, str] = {
    "account": f"""
        select a.id from account a
        where a.tenant_id = $1 and a.id = $2 and a.customer_set_code = {DEFAULT_SET} for key share of a
        """,
    "segment": "select s.id from segment s where s.tenant_id = $1 and s.id = $2 and s.kind = 'group' for key share",
    "order": "select o.id from shop_order o where o.tenant_id = $1 and o.id = $2 for key share",
    "site": """
        select s.id from site s
        join customer_set c on c.tenant_id = $1 and c.code = s.customer_set_code and c.is_default
        where s.tenant_id = $1 and s.id = $2 for key share of s
        """,
    "return": "select r.id from order_return r where r.tenant_id = $1 and r.id = $2 for key share",
    "sku_list": "select w.id from sku_list w where w.tenant_id = $1 and w.id = $2 for key share",
}


class Owner(msgspec.Struct, frozen=True):
    """What an attachment hangs on."""

    kind: str
    id: int

    @property
    def account_id(self) -> int | None:
        """The account, where it is one."""
        return self.id if self.kind == "account" else None


async def hold(ctx: Ctx, owner: Owner | None) -> Owner:
    """The owner, which cannot go away now. Raises Invalid for none, and for one that is not there."""
    if owner is None:
        raise Invalid.field("attachable", "can't be blank", "missing")
    sql = _THERE.get(owner.kind)
    if sql is None or await ctx.db.value(sql, ctx.tenant_id, owner.id) is None:
        raise Invalid.field("attachable", "must exist", "required")
    return owner


async def forget(ctx: Ctx, kind: Kind, owner_ids: Sequence[int]) -> None:
    """Remove the attachments of records that are about to go."""
    await ctx.db.execute(
        "delete from attachment where tenant_id = $1 and owner_kind = $2 and owner_id = any($3::bigint[])",
        ctx.tenant_id,
        kind,
        list(owner_ids),
    )
