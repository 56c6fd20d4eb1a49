"""Cards as the second dialect's wallet: flat rows with named columns, each with a number of its own."""

from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

_SOURCE = "(select kp.kind from payment_source kp where kp.tenant_id = $1 and kp.id = k.payment_source_id)"
# What a wallet calls the entry: what may be shown of a card, else the way to pay.
_NAME = f"""coalesce(nullif(concat_ws(' ', k.kind, k.masked), ''), case {_SOURCE}
    when 'external_payment' then 'External payment' when 'wire_transfer' then 'Wire transfer' end)"""

WALLET = Listing(
    select=f"""k.number as id, k.version, k.account_id, {_NAME} as name, k.customer_token, k.token,
        k.payment_source_id, {_SOURCE} as payment_source_kind, k.created_at, k.updated_at, k.reference,
        k.reference_origin, k.metadata""",
    source="card k",
    where="k.tenant_id = $1",
    fields={
        **common("k"),
        "id": Field("k.number", "integer", sort="k.number"),
        "account_id": Field("k.account_id", "integer"),
        "name": Field(_NAME),
        "token": Field("k.token"),
    },
    identity="k.number",
    order=(Sort("created_at"), Sort("id")),
)
