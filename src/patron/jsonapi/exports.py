"""Exports (Commerce Layer behaviour 7): made here, carried out by the worker."""

from typing import Any

from patron.imports import export_jobs
from patron.imports.records import EXPORTS as LISTING
from patron.jsonapi import filters
from patron.jsonapi.customers import CUSTOMERS
from patron.jsonapi.imports import STATUS, count, moment
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Resource, common, elsewhere, text
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.query import Compare, Every, Filter, Not, Some


async def create(ctx: Ctx, change: Change) -> int:
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


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change its reference and metadata, stop it or begin it again."""
    asked = change.triggers
    starts, interrupts = bool(asked.get("_start")), bool(asked.get("_interrupt"))
    await export_jobs.update(ctx, number, change.attributes, starts=starts, interrupts=interrupts, expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that does not run, and its file."""
    await export_jobs.delete(ctx, number, expect=expect)


EXPORTS = Resource(
    type="exports",
    listing=LISTING,
    attributes=(
        text("resource_type", write="c", required=True, enum=("customers",)),
        text("format", write="c", enum=("csv", "json")),
        text("status", write="", enum=(*STATUS, "failed")),
        Attribute(name="includes", kind="array", column="includes", write="c"),
        Attribute(name="fields", kind="array", column="fields", write="c"),
        Attribute(name="filters", kind="object", column="filters", write="c"),
        Attribute(name="dry_data", kind="boolean", column="dry_data", write="c"),
        Attribute(name="jwt_filters", kind="boolean", column="jwt_filters", write="c"),
        *(moment(name) for name in ("started_at", "completed_at", "interrupted_at")),
        Attribute(
            name="estimated_completion_at",
            kind="date-time",
            column="estimated_completion_at",
            field="estimated_completion_at",
        ),
        *map(count, ("records_count", "processed_count")),
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
    create=create,
    update=update,
    delete=delete,
)
