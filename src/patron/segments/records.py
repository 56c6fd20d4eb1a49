"""Customer groups as flat rows with named columns: segments of kind group."""

from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

GROUPS = Listing(
    select="""s.id, s.version, s.name, s.code, s.created_at, s.updated_at, s.reference, s.reference_origin,
        s.metadata""",
    source="segment s",
    where="s.tenant_id = $1 and s.kind = 'group'",
    fields={
        "id": Field("s.id", "integer", sort="s.id"),
        "name": Field("s.name", sort='s.name collate "C"'),
        "code": Field("s.code", sort='s.code collate "C"'),
        "created_at": Field("s.created_at", "time", sort="s.created_at"),
        "updated_at": Field("s.updated_at", "time", sort="s.updated_at"),
        "reference": Field("s.reference", sort="coalesce(s.reference, '') collate \"C\""),
        "reference_origin": Field("s.reference_origin", sort="coalesce(s.reference_origin, '') collate \"C\""),
        "metadata": Field("s.metadata", "json"),
    },
    identity="s.id",
    order=(Sort("created_at"), Sort("id")),
)
