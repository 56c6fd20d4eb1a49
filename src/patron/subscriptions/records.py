"""Subscriptions of customers as flat rows with named columns."""

from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

_EMAIL = "(select lower(ne.email) from account ne where ne.tenant_id = $1 and ne.id = n.account_id)"

SUBSCRIPTIONS = Listing(
    select=f"""n.id, n.version, n.account_id, {_EMAIL} as customer_email, n.reference, n.reference_origin, n.metadata,
        n.created_at, n.updated_at""",
    source="customer_subscription n",
    where="n.tenant_id = $1",
    fields={
        **common("n"),
        "account_id": Field("n.account_id", "integer"),
        "reference": Field("n.reference", sort='n.reference collate "C"'),
    },
    identity="n.id",
    order=(Sort("created_at"), Sort("id")),
)
