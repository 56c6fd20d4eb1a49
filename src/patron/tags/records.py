"""Tags as flat rows with named columns, alone and as what is on records of one kind."""

import msgspec

from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing
from patron.tags.tagging import Kind

TAGS = Listing(
    select="""tg.id, tg.version, tg.name, tg.created_at, tg.updated_at, tg.reference, tg.reference_origin,
        tg.metadata""",
    source="tag tg",
    where="tg.tenant_id = $1",
    fields={
        **common("tg"),
        "name": Field("tg.name", sort="tg.name"),
    },
    identity="tg.id",
    order=(Sort("created_at"), Sort("id")),
)


def of(kind: Kind) -> Listing:
    """The tags of records of a kind, whose id is the field `owner_id`."""
    return msgspec.structs.replace(
        TAGS,
        source="tagging tl join tag tg on tg.tenant_id = $1 and tg.id = tl.tag_id",
        where=f"tl.tenant_id = $1 and tg.tenant_id = $1 and tl.kind = '{kind}'",
        fields={**TAGS.fields, "owner_id": Field("tl.owner_id", "integer")},
    )
