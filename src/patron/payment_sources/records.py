"""Payment sources of one kind as flat rows with named columns."""

from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing
from patron.payment_sources.actions import Kind

# The entry of a wallet that keeps the source for another time; the customer who ordered.
_WALLET = """(select min(pk.number) from card pk where pk.tenant_id = $1 and pk.payment_source_id = ps.id)"""
_ACCOUNT = "(select po.account_id from shop_order po where po.tenant_id = $1 and po.id = ps.order_id)"


def of(kind: Kind) -> Listing:
    """All of a kind."""
    return Listing(
        select=f"""ps.id, ps.version, ps.token, ps.options, null::jsonb as instrument, ps.order_id,
            {_WALLET} as wallet_id, ps.created_at, ps.updated_at, ps.reference, ps.reference_origin, ps.metadata""",
        source="payment_source ps",
        where=f"ps.tenant_id = $1 and ps.kind = '{kind}'",
        fields={
            **common("ps"),
            "token": Field("ps.token"),
            "order_id": Field("ps.order_id", "integer"),
            "account_id": Field(_ACCOUNT, "integer"),
        },
        identity="ps.id",
        order=(Sort("created_at"), Sort("id")),
    )
