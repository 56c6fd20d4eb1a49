"""Accounts as flat rows with named columns, for faces that read whatever a caller asks for.

The customers of an organization are the accounts of its default customer set. Columns that text may be sought by have
`sort` keys; ids are fields so that rows can be found by them.
"""

from patron.accounts.queries import FIELDS
from patron.kernel.columns import texts
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

DEFAULT_SET = "(select cs.code from customer_set cs where cs.tenant_id = $1 and cs.is_default)"
TOTAL = f"""(select coalesce(sum(n.accounts), 0)::bigint from account_count n
    where n.tenant_id = $1 and n.customer_set_code = {DEFAULT_SET})"""
# Prospect, acquired, repeat: how often somebody has bought.
_STATUS = "case when a.order_count >= 2 then 'repeat' when a.order_count = 1 then 'acquired' else 'prospect' end"
# A customer is in one group at most, by a unique key. As a join, filters on the group begin with its members.
_GROUP = "segment_member gm on gm.tenant_id = $1 and gm.account_id = a.id and gm.kind = 'group'"
_ANONYMIZATION = "(select {} from anonymization n where n.tenant_id = $1 and n.account_id = a.id)"
_USER = """(select jsonb_build_object('id', u.id, 'first_name', u.first_name, 'last_name', u.last_name,
    'email', u.email) from staff u where u.tenant_id = $1 and u.id = n.{})"""
# With the users of the organization who asked for it, or took it back.
_WISH = f"""to_jsonb(n) || jsonb_build_object('requester', {_USER.format("requested_by_staff")},
    'canceller', {_USER.format("cancelled_by_staff")})"""

CUSTOMERS = Listing(
    select=f"""a.id, a.version, lower(a.email) as email, {_STATUS} as status, not a.is_anonymous as has_password,
        a.order_count, coalesce(a.shopper_reference, 'shopper-' || a.id) as shopper_reference,
        coalesce(a.profile_id, 'profile-' || a.id) as profile_id, a.tax_id, a.created_at, a.updated_at, a.external_id,
        a.reference_origin, a.metadata, gm.segment_id as group_id,
        {_ANONYMIZATION.format("n.status")} as anonymization_status,
        {_ANONYMIZATION.format(_WISH)} as anonymization""",
    source=f"account a left join {_GROUP}",
    where=f"a.tenant_id = $1 and a.customer_set_code = {DEFAULT_SET}",
    fields={
        "id": FIELDS["id"],
        "email": FIELDS["email"],
        "status": Field(_STATUS, sort=_STATUS),
        "password": Field("nullif(not a.is_anonymous, false)", "bool"),  # that there is one, else null
        "order_count": FIELDS["order_count"],
        "created_at": FIELDS["created_at"],
        "updated_at": FIELDS["updated_at"],
        **texts("a", "external_id", "reference_origin"),
        "metadata": Field("a.metadata", "json"),
        "group_id": Field("gm.segment_id", "integer"),
        "anonymization_status": Field(
            _ANONYMIZATION.format("n.status"), sort=f"coalesce({_ANONYMIZATION.format('n.status')}, '')"
        ),
    },
    identity="a.id",
    order=(Sort("created_at"), Sort("id")),
)
