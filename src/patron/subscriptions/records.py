"""Subscriptions of customers as flat rows with named columns."""

from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

_EMAIL = "(select lower(ne.email) from account ne where ne.tenant_id = $1 and ne.id = n.account_id)"

SUBSCRIPTIONS = Listing(
    select=f"""n.id, n.version, n.account_id, {_EMAIL} as customer_email, n.reference, n.reference_origin, n.metadata,
        n.created_at, n.updated_at""",
    source="customer_subscription n",
    where="n.tenant_id = $1",
    fields={
        "id": Field("n.id", "integer", sort="n.id"),
        "account_id": Field("n.account_id", "integer"),
        "reference": Field("n.reference", sort='n.reference collate "C"'),
        "reference_origin": Field("n.reference_origin", sort="coalesce(n.reference_origin, '') collate \"C\""),
        "metadata": Field("n.metadata", "json"),
        "created_at": Field("n.created_at", "time", sort="n.created_at"),
        "updated_at": Field("n.updated_at", "time", sort="n.updated_at"),
    },
    identity="n.id",
    order=(Sort("created_at"), Sort("id")),
)
