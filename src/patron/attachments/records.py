"""Attachments as flat rows with named columns, all of them and those of records of one kind."""

import msgspec

from patron.attachments.owners import Kind
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing

ATTACHMENTS = Listing(
    select="""att.id, att.version, att.name, att.description, att.url, att.owner_kind as attachable_kind,
        att.owner_id as attachable_id, att.created_at, att.updated_at, att.reference, att.reference_origin,
        att.metadata""",
    source="attachment att",
    where="att.tenant_id = $1",
    fields={
        "id": Field("att.id", "integer", sort="att.id"),
        "name": Field("att.name", sort='att.name collate "C"'),
        "description": Field("att.description"),
        "created_at": Field("att.created_at", "time", sort="att.created_at"),
        "updated_at": Field("att.updated_at", "time", sort="att.updated_at"),
        "reference": Field("att.reference", sort="coalesce(att.reference, '') collate \"C\""),
        "reference_origin": Field("att.reference_origin", sort="coalesce(att.reference_origin, '') collate \"C\""),
        "metadata": Field("att.metadata", "json"),
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
