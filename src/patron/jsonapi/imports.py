"""Imports (Commerce Layer behaviour 7): made here, carried out by the worker."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from patron.imports import inputs, jobs
from patron.imports.inputs import SECRET
from patron.imports.records import IMPORTS as LISTING
from patron.jsonapi import ids, rows
from patron.jsonapi.events import events_of
from patron.jsonapi.importable import IMPORTABLE
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Resource, common, text
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.segments import groups
from patron.tags import actions as tags

INPUTS_MAX = 10_000
STATUS = ("pending", "in_progress", "interrupted", "completed")
_WORDS = {"reference": "external_id", "tax_exemption_code": "tax_id"}
_MORE = ("cleanup_records", "skip_errors")


def _rows(given: Any, format_: str) -> list[Any]:
    """Rows as objects; those of CSV may come as one text. Columns with a dot become objects."""
    if not isinstance(given, str):
        made = list(given)
    elif format_ != "csv":
        raise Invalid.field("inputs", "is not a list of objects", "invalid")
    else:
        try:
            read = csv.DictReader(io.StringIO(given), strict=True)
            made = [{str(name): cell for name, cell in row.items() if cell} for row in read]
        except csv.Error as error:
            raise Invalid.field("inputs", f"cannot be read as CSV: {error}", "invalid") from None
    if not 0 < len(made) <= INPUTS_MAX:
        raise Invalid.field("inputs", f"has 1 to {INPUTS_MAX:,} rows", "too_long" if made else "missing")
    made = [rows.nested(row) if isinstance(row, dict) else row for row in made]
    if any(_holds_secrets(value) for row in made if isinstance(row, dict) for value in row.values()):
        raise Invalid.field("inputs", "have a password inside of something else, where it is not kept safe", "invalid")
    return made


def _holds_secrets(value: Any) -> bool:
    """Whether there is a password deeper in a row than where they are sealed."""
    if isinstance(value, list):
        return any(_holds_secrets(one) for one in value)
    return isinstance(value, dict) and (
        not SECRET.isdisjoint(value) or any(_holds_secrets(one) for one in value.values())
    )


def _parent(served: Mapping[str, Resource], type_: str, given: Any) -> str | None:
    """The parent of all rows, if they can have one. Whether it is there, each row hears. Raises Invalid."""
    if not given:
        return None
    name = IMPORTABLE[type_].parent
    one = served[type_].relationship(name) if name else None
    if one is None or not one.write:
        raise Invalid.field("parent_resource_id", f"is nothing that {type_} have", "invalid")
    if ids.read(given) is None:
        raise Invalid.field("parent_resource_id", "must exist", "required")
    return str(given)


def _group_id(row: Any) -> int | None:
    found = row.get("customer_group_id") if isinstance(row, dict) else None
    return (ids.read(found) or 0) if isinstance(found, str) and found else None


def _tags(row: Any) -> list[str | int]:
    """Names and numbers of the tags of a row; what is wrong with them, the row will hear."""
    try:
        return rows.tags(row["tags"]) if isinstance(row, dict) and row.get("tags") else []
    except Invalid:
        return []


def _customer(row: Any, codes: dict[int, str], names: dict[int, str]) -> Any:
    """A row of a customer with our names of its columns."""
    if not isinstance(row, dict):
        return row
    named = {_WORDS.get(name, name): value for name, value in row.items() if name != "customer_group_id"}
    if (number := _group_id(row)) is not None:
        named["group"] = codes.get(number, str(row["customer_group_id"]))
    if found := _tags(row):
        named["tags"] = [names.get(one, "an unknown tag") if isinstance(one, int) else one for one in found]
    return named


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change its reference and metadata, or stop it."""
    interrupts = bool(change.triggers.get("_interrupt"))
    await jobs.update(ctx, number, change.attributes, interrupts=interrupts, expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Forget one that is over."""
    await jobs.delete(ctx, number, expect=expect)


def moment(name: str) -> Attribute:
    """A time that lists sort by."""
    return Attribute(name=name, kind="date-time", column=name, field=name, sorts=True)


def count(name: str) -> Attribute:
    """A number that lists sort by."""
    return Attribute(name=name, kind="integer", column=name, field=name, sorts=True)


def declared(served: Mapping[str, Resource]) -> Resource:
    """The resource. `served` is all of them, as rows may be of most."""

    async def create(ctx: Ctx, change: Change) -> int:
        """An import that the worker will begin."""
        given = change.attributes
        type_, format_ = given["resource_type"], given.get("format") or "json"
        made = _rows(given["inputs"], format_)
        if type_ == "customers":
            codes = await groups.codes(ctx, sorted({number for row in made if (number := _group_id(row))}))
            tagged = sorted({one for row in made for one in _tags(row) if isinstance(one, int)})
            names = await tags.names(ctx, tagged)
            made = [_customer(row, codes, names) for row in made]
        more = {name: given[name] for name in _MORE if given.get(name) is not None}
        more |= {"resource_type": type_, "parent_resource_id": _parent(served, type_, given.get("parent_resource_id"))}
        return await inputs.create(ctx, made, format_, **more, **jobs.extras(given))

    return Resource(
        type="imports",
        listing=LISTING,
        attributes=(
            text("resource_type", write="c", required=True, enum=tuple(IMPORTABLE)),
            text("format", write="c", enum=("csv", "json")),
            text("parent_resource_id", write="c"),
            text("status", write="", enum=STATUS),
            *(moment(name) for name in ("started_at", "completed_at", "interrupted_at")),
            Attribute(name="inputs", kind="array", column="inputs", write="c", required=True, is_rows=True),
            *map(count, ("inputs_size", "errors_count", "warnings_count", "destroyed_count", "processed_count")),
            Attribute(name="errors_log", kind="object", column="errors_log", field="errors_log"),
            Attribute(name="warnings_log", kind="object", column="warnings_log", field="warnings_log"),
            Attribute(name="cleanup_records", kind="boolean", column="cleanup_records", write="c"),
            Attribute(name="skip_errors", kind="boolean", column="skip_errors", write="c"),
            text("attachment_url", write=""),
            *common(),
        ),
        triggers=(Attribute(name="_interrupt", kind="boolean", write="u"),),
        relationships=(events_of("imports", "import"), EVENT_STORES),
        create=create,
        update=update,
        delete=delete,
    )
