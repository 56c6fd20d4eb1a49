"""Imports and exports as flat rows with named columns. Imports from files of the operator are not among them."""

from patron.kernel.columns import texts
from patron.kernel.query import Field, Sort
from patron.kernel.sql import Listing


def _counts(alias: str, *names: str) -> dict[str, Field]:
    return {name: Field(f"{alias}.{name}", "integer", sort=f"coalesce({alias}.{name}, 0)") for name in names}


def _times(alias: str, *names: str) -> dict[str, Field]:
    earliest = "timestamptz '0001-01-01 00:00:00+00'"
    return {name: Field(f"{alias}.{name}", "time", sort=f"coalesce({alias}.{name}, {earliest})") for name in names}


def _log(is_warning: str) -> str:
    """What was wrong: for each row by its key the messages, for errors by field."""
    of_row = "jsonb_agg(p.message)" if is_warning else "jsonb_object_agg(p.field, p.messages)"
    by_field = """select ip.row_key, case ip.field when '' then 'row' else ip.field end as field,
        jsonb_agg(ip.message order by ip.id) as messages, min(ip.message) as message from import_problem ip
        where ip.tenant_id = $1 and ip.job_id = ij.id and {} ip.is_warning group by 1, 2"""
    rows = by_field.format("" if is_warning else "not")
    return f"""coalesce((select jsonb_object_agg(k.row_key, k.told) from
        (select p.row_key, {of_row} as told from ({rows}) p group by p.row_key) k), '{{}}'::jsonb)"""


_ERRORS, _WARNINGS = _log(""), _log("yes")
_MOMENTS = ("started_at", "completed_at", "interrupted_at", "created_at", "updated_at")

IMPORTS = Listing(
    select=f"""ij.id, ij.version, ij.resource_type, ij.format, ij.parent_resource_id, ij.status, ij.started_at,
        ij.completed_at, ij.interrupted_at, ij.inputs, ij.inputs_size, ij.errors_count, ij.warnings_count,
        0::bigint as destroyed_count, ij.processed_count, {_ERRORS} as errors_log, {_WARNINGS} as warnings_log,
        ij.cleanup_records, ij.skip_errors, null::text as attachment_url, ij.created_at, ij.updated_at, ij.reference,
        ij.reference_origin, ij.metadata""",
    source="import_job ij",
    where="ij.tenant_id = $1 and ij.source = 'inputs'",
    fields={
        "id": Field("ij.id", "integer", sort="ij.id"),
        **texts("ij", "resource_type", "format", "parent_resource_id", "status", "reference", "reference_origin"),
        **_counts("ij", "inputs_size", "errors_count", "warnings_count", "processed_count"),
        "destroyed_count": Field("0::bigint", "integer", sort="0::bigint"),
        **_times("ij", *_MOMENTS),
        "errors_log": Field(_ERRORS, "json"),
        "warnings_log": Field(_WARNINGS, "json"),
        "attachment_url": Field("null::text", sort="''::text"),
        "metadata": Field("ij.metadata", "json"),
    },
    identity="ij.id",
    order=(Sort("created_at"), Sort("id")),
)

# A link names tenant, export and its last second, and proves with the export's own key that we made it.
LINK_SECONDS = 300
_ENDS = f"(extract(epoch from clock_timestamp())::bigint + {LINK_SECONDS})"
SIGNED = "encode(sha256(sha256(convert_to({key} || '.' || {ends}, 'UTF8')) || convert_to({key}, 'UTF8')), 'hex')"
_LINK = f"""case when ej.status = 'completed' and ej.link_key <> '' then (
    select '/downloads/' || ej.tenant_id || '.' || ej.id || '.' || n.ends || '.'
           || {SIGNED.format(key="ej.link_key", ends="n.ends")} from (select {_ENDS} as ends) n) end"""
_PROGRESS = """case when ej.status = 'completed' then 100.0 when coalesce(ej.records_count, 0) = 0 then 0.0
    else round(100.0 * ej.processed_count / ej.records_count, 1) end"""
_ESTIMATE = """case when ej.status = 'completed' then ej.completed_at
    when ej.status = 'in_progress' and ej.processed_count > 0 then ej.started_at + (ej.updated_at - ej.started_at)
         * (greatest(ej.records_count, 1)::float8 / ej.processed_count) end"""

EXPORTS = Listing(
    select=f"""ej.id, ej.version, ej.resource_type, ej.format, ej.status, ej.includes, ej.fields, ej.filters,
        ej.dry_data, ej.jwt_filters, ej.started_at, ej.completed_at, {_ESTIMATE} as estimated_completion_at,
        ej.interrupted_at, ej.records_count, ej.processed_count, {_PROGRESS}::float8 as progress,
        {_LINK} as attachment_url, ej.errors_log, ej.created_at, ej.updated_at, ej.reference, ej.reference_origin,
        ej.metadata""",
    source="export_job ej",
    where="ej.tenant_id = $1",
    fields={
        "id": Field("ej.id", "integer", sort="ej.id"),
        **texts("ej", "resource_type", "format", "status", "reference", "reference_origin"),
        **_counts("ej", "records_count", "processed_count"),
        **_times("ej", *_MOMENTS),
        "estimated_completion_at": Field(_ESTIMATE, "time"),
        "attachment_url": Field(_LINK, sort=f"coalesce({_LINK}, '')"),
        "errors_log": Field("ej.errors_log", "json"),
        "metadata": Field("ej.metadata", "json"),
    },
    identity="ej.id",
    order=(Sort("created_at"), Sort("id")),
)
