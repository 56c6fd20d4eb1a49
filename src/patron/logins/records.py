"""Resets of passwords as flat rows with named columns. The token itself is nowhere: only its digest is stored."""

from patron.accounts.records import DEFAULT_SET
from patron.kernel.columns import common
from patron.kernel.query import Field, Key, Sort
from patron.kernel.secrets import digest
from patron.kernel.sql import Listing

_UPDATED = "coalesce(pr.updated_at, pr.created_at)"

RESETS = Listing(
    select=f"""pr.id, pr.version, lower(pa.email) as customer_email, null::text as reset_password_token, pr.reset_at,
        pr.created_at, {_UPDATED} as updated_at, pr.reference, pr.reference_origin, pr.metadata, pr.account_id""",
    source="password_reset pr join account pa on pa.tenant_id = $1 and pa.id = pr.account_id",
    where=f"pr.tenant_id = $1 and pa.customer_set_code = {DEFAULT_SET}",
    fields={
        **common("pr"),
        "reset_at": Field("pr.reset_at", "time"),
        "updated_at": Field(_UPDATED, "time", sort=_UPDATED),
        "account_id": Field("pr.account_id", "integer"),
        "token": Field(
            "null::text", equal=Key("encode(pr.digest, 'hex')", lambda token: digest(token).hex(), exact=True)
        ),
    },
    identity="pr.id",
    order=(Sort("created_at"), Sort("id")),
)
