"""Attachments as flat rows with named columns, all of them and those of records of one kind."""

import msgspec

from patron.attachments.owners import Kind
from patron.kernel.columns import common
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

ATTACHMENTS = Listing(
    select="""att.id, att.version, att.name, att.description, att.url, att.owner_kind as attachable_kind,
        att.owner_id as attachable_id, att.created_at, att.updated_at, att.reference, att.reference_origin,
        att.metadata""",
    source="attachment att",
    where="att.tenant_id = $1",
    fields={
        **common("att"),
        "name": Field("att.name", sort='att.name collate "C"'),
        "description": Field("att.description"),
    },
    identity="att.id",
    order=(Sort("created_at"), Sort("id")),
)


def of(kind: Kind) -> Listing:
    """The attachments of records of a kind, whose id is the field `owner_id`."""
    return msgspec.structs.replace(
        ATTACHMENTS,
        where=f"att.tenant_id = $1 and att.owner_kind = '{kind}'",
        fields={**ATTACHMENTS.fields, "owner_id": Field("att.owner_id", "integer")},
    )
