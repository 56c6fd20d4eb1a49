"""Imports and exports of customers (Commerce Layer behaviour 7): made here, carried out by the worker."""

import csv
import io
from typing import Any

from patron.imports import export_jobs, jobs
from patron.imports.records import EXPORTS as EXPORT_LISTING
from patron.imports.records import IMPORTS as IMPORT_LISTING
from patron.jsonapi import filters, ids
from patron.jsonapi.customers import CUSTOMERS
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Resource, common, elsewhere, text
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.query import Compare, Every, Filter, Not, Some
from patron.segments import groups

INPUTS_MAX = 10_000
_WORDS = {"reference": "external_id", "tax_exemption_code": "tax_id"}
_MORE = ("parent_resource_id", "cleanup_records", "skip_errors")
_STATUS = ("pending", "in_progress", "interrupted", "completed")


async def create_import(ctx: Ctx, change: Change) -> int:
    """An import of customers."""
    given = change.attributes
    format_ = given.get("format") or "json"
    rows = _rows(given["inputs"], format_)
    if not 0 < len(rows) <= INPUTS_MAX:
        raise Invalid.field("inputs", f"has 1 to {INPUTS_MAX:,} rows", "too_long" if rows else "missing")
    codes = await groups.codes(ctx, sorted({number for row in rows if (number := _group_id(row))}))
    more = {name: given[name] for name in _MORE if given.get(name) is not None}
    return await jobs.create_with_rows(ctx, [_row(row, codes) for row in rows], format_, **more, **jobs.extras(given))


def _rows(inputs: Any, format_: str) -> list[Any]:
    """Rows as objects; those of CSV may come as one text."""
    if not isinstance(inputs, str):
        return list(inputs)
    if format_ != "csv":
        raise Invalid.field("inputs", "is not a list of objects", "invalid")
    try:
        read = csv.DictReader(io.StringIO(inputs), strict=True)
        return [{str(name): cell for name, cell in row.items() if cell} for row in read]
    except csv.Error as error:
        raise Invalid.field("inputs", f"cannot be read as CSV: {error}", "invalid") from None


def _group_id(row: Any) -> int | None:
    found = row.get("customer_group_id") if isinstance(row, dict) else None
    return (ids.read(found) or 0) if isinstance(found, str) and found else None


def _row(row: Any, codes: dict[int, str]) -> Any:
    """A row with our names of its columns."""
    if not isinstance(row, dict):
        return row
    named = {_WORDS.get(name, name): value for name, value in row.items() if name != "customer_group_id"}
    if (number := _group_id(row)) is not None:
        named["group"] = codes.get(number, str(row["customer_group_id"]))
    return named


async def update_import(ctx: Ctx, number: int, change: Change) -> None:
    """Change its reference and metadata, or stop it."""
    interrupts = bool(change.triggers.get("_interrupt"))
    await jobs.update(ctx, number, change.attributes, interrupts=interrupts, expect=change.expect)


async def delete_import(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Forget one that is over."""
    await jobs.delete(ctx, number, expect=expect)


async def create_export(ctx: Ctx, change: Change) -> int:
    """An export of customers."""
    condition = _condition(change.attributes.get("filters") or {})
    return await export_jobs.create(ctx, change.attributes, condition)


def _condition(given: dict[str, Any]) -> Filter | None:
    """What `filters` means, in the fields of the listing. Raises Refusal, Invalid."""
    found = filters.Found(CUSTOMERS, {}, {})
    for key, value in given.items():
        if not isinstance(value, str | int | bool):
            raise Invalid.field("filters", f"has a value of {key[:60]} that is no text", "invalid")
    parts = [filters.condition(found, key, str(value)) for key, value in given.items()]
    names = {f"?{one.name}": one.field for one in CUSTOMERS.attributes if one.field} | {"?id": "id"}
    limited = filters.limited(parts)
    return None if limited is None else _named(limited, names)


def _named(node: Filter, names: dict[str, str]) -> Filter:
    match node:
        case Every(parts):
            return Every(tuple(_named(part, names) for part in parts))
        case Some(parts):
            return Some(tuple(_named(part, names) for part in parts))
        case Not(part):
            return Not(_named(part, names))
        case Compare(field, op, value):
            return Compare(names[field], op, value)


async def update_export(ctx: Ctx, number: int, change: Change) -> None:
    """Change its reference and metadata, stop it or begin it again."""
    asked = change.triggers
    starts, interrupts = bool(asked.get("_start")), bool(asked.get("_interrupt"))
    await export_jobs.update(ctx, number, change.attributes, starts=starts, interrupts=interrupts, expect=change.expect)


async def delete_export(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that does not run, and its file."""
    await export_jobs.delete(ctx, number, expect=expect)


def _moment(name: str) -> Attribute:
    return Attribute(name=name, kind="date-time", column=name, field=name, sorts=True)


def _count(name: str) -> Attribute:
    return Attribute(name=name, kind="integer", column=name, field=name, sorts=True)


IMPORTS = Resource(
    type="imports",
    listing=IMPORT_LISTING,
    attributes=(
        text("resource_type", write="c", required=True, enum=("customers",)),
        text("format", write="c", enum=("csv", "json")),
        text("parent_resource_id", write="c"),
        text("status", write="", enum=_STATUS),
        *(_moment(name) for name in ("started_at", "completed_at", "interrupted_at")),
        Attribute(name="inputs", kind="array", column="inputs", write="c", required=True, is_rows=True),
        *map(_count, ("inputs_size", "errors_count", "warnings_count", "destroyed_count", "processed_count")),
        Attribute(name="errors_log", kind="object", column="errors_log", field="errors_log"),
        Attribute(name="warnings_log", kind="object", column="warnings_log", field="warnings_log"),
        Attribute(name="cleanup_records", kind="boolean", column="cleanup_records", write="c"),
        Attribute(name="skip_errors", kind="boolean", column="skip_errors", write="c"),
        text("attachment_url", write=""),
        *common(),
    ),
    triggers=(Attribute(name="_interrupt", kind="boolean", write="u"),),
    relationships=(elsewhere("events", filters=True), EVENT_STORES),
    create=create_import,
    update=update_import,
    delete=delete_import,
)

EXPORTS = Resource(
    type="exports",
    listing=EXPORT_LISTING,
    attributes=(
        text("resource_type", write="c", required=True, enum=("customers",)),
        text("format", write="c", enum=("csv", "json")),
        text("status", write="", enum=(*_STATUS, "failed")),
        Attribute(name="includes", kind="array", column="includes", write="c"),
        Attribute(name="fields", kind="array", column="fields", write="c"),
        Attribute(name="filters", kind="object", column="filters", write="c"),
        Attribute(name="dry_data", kind="boolean", column="dry_data", write="c"),
        Attribute(name="jwt_filters", kind="boolean", column="jwt_filters", write="c"),
        *(_moment(name) for name in ("started_at", "completed_at", "interrupted_at")),
        Attribute(
            name="estimated_completion_at",
            kind="date-time",
            column="estimated_completion_at",
            field="estimated_completion_at",
        ),
        *map(_count, ("records_count", "processed_count")),
        Attribute(name="progress", kind="float", column="progress"),
        text("attachment_url", write="", is_path=True),
        Attribute(name="errors_log", kind="object", column="errors_log", field="errors_log"),
        *common(),
    ),
    triggers=(
        Attribute(name="_start", kind="boolean", write="u"),
        Attribute(name="_interrupt", kind="boolean", write="u"),
    ),
    relationships=(elsewhere("events", filters=True), EVENT_STORES),
    create=create_export,
    update=update_export,
    delete=delete_export,
)
