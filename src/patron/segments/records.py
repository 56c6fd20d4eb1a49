"""Customer groups as flat rows with named columns: segments of kind group."""

from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

GROUPS = Listing(
    select="""s.id, s.version, s.name, s.code, s.created_at, s.updated_at, s.reference, s.reference_origin,
        s.metadata""",
    source="segment s",
    where="s.tenant_id = $1 and s.kind = 'group'",
    fields={
        **common("s"),
        "name": Field("s.name", sort='s.name collate "C"'),
        "code": Field("s.code", sort='s.code collate "C"'),
    },
    identity="s.id",
    order=(Sort("created_at"), Sort("id")),
)
