"""Tenants and applications as flat rows with named columns: the organization and the application of a caller."""

from patron.kernel.query import Field
from patron.kernel.sql import Listing

ORGANIZATIONS = Listing(
    select="ot.id, ot.name, ot.slug, ot.created_at, null::text as nothing",
    source="tenant ot",
    where="ot.id = $1",
    fields={
        "id": Field("ot.id", "integer", sort="ot.id"),
        "created_at": Field("ot.created_at", "time", sort="ot.created_at"),
    },
    identity="ot.id",
)

APPLICATIONS = Listing(
    select="""oa.id, oa.name, oa.kind, oa.kind = 'sales_channel' as public_access, oa.created_at,
        nullif(array_to_string(oa.redirect_uris, E'\\n'), '') as redirect_uri, null::text as nothing""",
    source="application oa",
    where="oa.tenant_id = $1 and oa.kind <> 'backend'",
    fields={
        "id": Field("oa.id", "integer", sort="oa.id"),
        "name": Field("oa.name", sort='oa.name collate "C"'),
        "kind": Field("oa.kind", sort="oa.kind"),
        "public_access": Field("oa.kind = 'sales_channel'", "bool"),
        "created_at": Field("oa.created_at", "time", sort="oa.created_at"),
    },
    identity="oa.id",
)
