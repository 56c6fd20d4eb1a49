"""Exports (Commerce Layer behaviour 7): made here, carried out by the worker."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.imports import export_jobs
from patron.imports.records import EXPORTS as LISTING
from patron.jsonapi import filters, sheets
from patron.jsonapi.events import events_of
from patron.jsonapi.imports import STATUS, count, moment
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Resource, common, text
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.query import Compare, Every, Filter, Not, Some

# What of the dialect's types can be kept here.
_TYPES = (
    "applications", "organizations", "addresses", "events", "tags", "markets", "customer_groups", "orders",
    "attachments", "sku_lists", "sku_list_items", "returns", "customers", "customer_addresses",
    "customer_payment_sources", "customer_subscriptions", "order_subscriptions", "customer_password_resets", "webhooks",
    "event_callbacks", "external_payments", "stores", "wire_transfers",
)  # fmt: skip
_LISTS = ("includes", "fields")


def condition(found: filters.Found, given: Mapping[str, Any]) -> Filter | None:
    """What `filters` means; `found` gathers the fields. Raises Refusal, Invalid."""
    return filters.limited([filters.condition(found, key, _text(key, value)) for key, value in given.items()])


def _text(key: str, value: Any) -> str:
    if isinstance(value, dict) and key.endswith("_jcont"):
        return msgspec.json.encode(value).decode()
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return ",".join(map(str, value))
    if not isinstance(value, str | int):
        raise Invalid.field("filters", f"has a value of {key[:60]} that is no text", "invalid")
    return str(value)


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


def _of_customers(customers: Resource, given: Mapping[str, Any]) -> Filter | None:
    """What `filters` means on customers themselves, in the fields of their listing."""
    export_jobs.check_columns(given.get("fields"))
    made = condition(filters.Found(customers, {}, {}), given.get("filters") or {})
    names = {f"?{one.name}": one.field for one in customers.attributes if one.field} | {"?id": "id"}
    return None if made is None else _named(made, names)


def _within(resource: Resource, change: Change) -> Filter | None:
    """What narrows rows to the markets of the token, where the token has some and the rows have one."""
    one = resource.relationship("market")
    field = resource.market or (one.own if one is not None else None)
    return None if field is None or change.market_ids is None else Compare(field, "same", change.market_ids)


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change its reference and metadata, stop it or begin it again."""
    asked = change.triggers
    starts, interrupts = bool(asked.get("_start")), bool(asked.get("_interrupt"))
    await export_jobs.update(ctx, number, change.attributes, starts=starts, interrupts=interrupts, expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that does not run, and its file."""
    await export_jobs.delete(ctx, number, expect=expect)


def declared(served: Mapping[str, Resource]) -> Resource:
    """The resource. `served` is all of them: each can be exported."""

    async def create(ctx: Ctx, change: Change) -> int:
        """An export that the worker will begin; what it asks for is checked now."""
        given = change.attributes
        resource = served[given["resource_type"]]
        if resource.type == "customers":
            return await export_jobs.create(ctx, given, _of_customers(resource, given))
        condition(filters.Found(resource, served, {}), given.get("filters") or {})
        wanted = {name: given.get(name) or () for name in _LISTS}
        sheets.pick(served, resource, wanted["fields"], wanted["includes"], is_dry=bool(given.get("dry_data")))
        return await export_jobs.create(ctx, given, _within(resource, change) if given.get("jwt_filters") else None)

    return Resource(
        type="exports",
        listing=LISTING,
        attributes=(
            text("resource_type", write="c", required=True, enum=tuple(one for one in _TYPES if one in served)),
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
        relationships=(events_of("exports", "export"), EVENT_STORES),
        create=create,
        update=update,
        delete=delete,
    )
