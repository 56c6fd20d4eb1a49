"""Markets (sites of the default customer set) and stores as flat rows with named columns."""

from patron.kernel.columns import common, text
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

_DISABLED = "coalesce(mk.disabled_at, '-infinity'::timestamptz)"

MARKETS = Listing(
    select="""mk.id, mk.version, mk.name, mk.code, mk.group_id, mk.disabled_at, mk.options, mk.created_at,
        mk.updated_at, mk.reference, mk.reference_origin, mk.metadata, mk.group_id is not null as is_private,
        null::text as nothing""",
    source="""site mk join customer_set mks on mks.tenant_id = $1 and mks.code = mk.customer_set_code
        and mks.is_default""",
    where="mk.tenant_id = $1 and mks.tenant_id = $1",
    fields={
        **common("mk"),
        "name": Field("mk.name", sort='mk.name collate "C"'),
        "code": text("mk.code"),
        "group_id": Field("mk.group_id", "integer"),
        "disabled_at": Field("mk.disabled_at", "time", sort=_DISABLED),
    },
    identity="mk.id",
    order=(Sort("created_at"), Sort("id")),
)

STORES = Listing(
    select="""st.id, st.version, st.site_id, st.name, st.code, st.created_at, st.updated_at, st.reference,
        st.reference_origin, st.metadata""",
    source="store st",
    where="st.tenant_id = $1",
    fields={
        **common("st"),
        "site_id": Field("st.site_id", "integer"),
        "name": Field("st.name", sort='st.name collate "C"'),
        "code": text("st.code"),
    },
    identity="st.id",
    order=(Sort("created_at"), Sort("id")),
)
