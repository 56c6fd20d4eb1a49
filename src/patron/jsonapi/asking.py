"""What the query string asks for: include, fields, sort, page, filter (Commerce Layer behaviour 4)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from patron.jsonapi import filters
from patron.jsonapi.errors import Refusal
from patron.jsonapi.resources import Resource
from patron.kernel.query import Ask, Field, Filter, Sort

PAGE_SIZE, PAGE_SIZE_MAX = 10, 25
PAGE_NUMBER_MAX = 1_000_000
INCLUDE_DOTS_MAX = 3
INCLUDES_MAX = 30
QUERY_BYTES_MAX = 64_000

_KEY = re.compile(r"(?P<what>[a-z]+)(?:\[(?P<name>[^\[\]]*)\])?(?:\[(?P<inner>[^\[\]]*)\])?")

Tree = dict[str, "Tree"]  # what to include below each relationship


class Asked(msgspec.Struct, kw_only=True):
    """A query string, read. `fields` names what is shown of a type, where that is not everything."""

    include: Tree
    fields: dict[str, frozenset[str]]
    number: int = 1
    size: int = PAGE_SIZE
    after: str | None = None
    sort: tuple[Sort, ...] = ()
    filter: Filter | None = None
    found: dict[str, Field] = {}
    pairs: list[tuple[str, str]] = []

    @property
    def ask(self) -> Ask:
        """The same for the core."""
        start = (self.number - 1) * self.size
        return Ask(filter=self.filter, sort=self.sort, start=start, size=self.size, cursor=self.after)


def read(query: bytes, resource: Resource, served: Mapping[str, Resource], *, is_list: bool) -> Asked:
    """Read a query string for answers of a resource. Raises Refusal."""
    if len(query) > QUERY_BYTES_MAX:
        raise Refusal("BAD_REQUEST", "Bad request", "The query string is too long.")
    asked = Asked(include={}, fields={})
    if not query:
        return asked
    try:
        asked.pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise Refusal("BAD_REQUEST", "Bad request", "The query string cannot be read.") from None
    found = filters.Found(resource, served, asked.found)
    parts: list[Filter] = []
    for key, text in asked.pairs:
        match = _KEY.fullmatch(key)
        what, name, inner = match.groups() if match else ("", None, None)
        if what == "include" and name is None:
            _include(asked.include, text, resource, served)
        elif what == "fields" and name is not None and inner is None:
            asked.fields[name] = _fields(name, text, served)
        elif what == "sort" and name is None and is_list:
            asked.sort = _sort(text, resource)
        elif what == "page" and name is not None and inner is None and is_list:
            _page(asked, name, text)
        elif what == "filter" and name is not None and is_list:
            parts.append(_filter(found, name, inner, text))
        else:
            raise _not_allowed(key)
    asked.filter = filters.limited(parts)
    return asked


def _not_allowed(key: str) -> Refusal:
    return Refusal("PARAM_NOT_ALLOWED", "Param not allowed", f"{key[:100]} is not allowed.", parameter=key[:100])


def _include(tree: Tree, text: str, resource: Resource, served: Mapping[str, Resource]) -> None:
    paths = [path for path in text.split(",") if path]
    if len(paths) > INCLUDES_MAX:
        raise Refusal("INVALID_INCLUDE", "Invalid include", f"At most {INCLUDES_MAX} paths.", parameter="include")
    for path in paths:
        names = path.split(".")
        if len(names) - 1 > INCLUDE_DOTS_MAX:
            raise _no_include(path, resource)
        level, at = tree, [resource]
        for name in names:
            relationships = [one for type_ in at if (one := type_.relationship(name)) is not None and one.includes]
            if not relationships:
                raise _no_include(path, resource)
            level = level.setdefault(name, {})
            at = [served[target] for one in relationships for target in one.targets if target in served]
            if not at:  # a type of others: nothing is there, and nothing below it
                break


def _no_include(path: str, resource: Resource) -> Refusal:
    detail = f"{path[:100]} is not a valid include of {resource.type}"
    return Refusal("INVALID_INCLUDE", "Invalid include", detail, parameter="include")


def _fields(name: str, text: str, served: Mapping[str, Resource]) -> frozenset[str]:
    wanted = frozenset(part for part in text.split(",") if part)
    resource = served.get(name)
    if resource is not None:
        known = {"id", *(one.name for one in resource.attributes), *(one.name for one in resource.relationships)}
        if strange := sorted(wanted - known):
            detail = f"{strange[0][:100]} is not a valid field for {name}."
            raise Refusal("INVALID_FIELD", "Invalid field", detail, parameter=f"fields[{name}]")
    return wanted


def _sort(text: str, resource: Resource) -> tuple[Sort, ...]:
    made = []
    for part in [part for part in text.split(",") if part][:10]:
        name = part.removeprefix("-")
        attribute = next((one for one in resource.attributes if one.name == name and one.sorts), None)
        field = "id" if name == "id" else attribute.field if attribute else None
        if field is None:
            detail = f"{name[:100]} is not a valid sort criteria for {resource.type}"
            raise Refusal("INVALID_SORT_CRITERIA", "Invalid sort criteria", detail, parameter="sort")
        made.append(Sort(field, part.startswith("-")))
    return tuple(made)


def _page(asked: Asked, name: str, text: str) -> None:
    if name == "after":
        asked.after = text
        return
    most = {"number": PAGE_NUMBER_MAX, "size": PAGE_SIZE_MAX}.get(name)
    if most is None:
        raise _not_allowed(f"page[{name}]")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= most:
        detail = f"{text[:20]} is not a valid value for page[{name}]: 1 to {most}."
        raise Refusal("INVALID_PAGE_VALUE", "Invalid page value", detail, parameter=f"page[{name}]")
    setattr(asked, name, int(text))


def _filter(found: filters.Found, name: str, inner: str | None, text: str) -> Filter:
    if name == "q" and inner:
        return filters.condition(found, inner, text)
    if inner is not None or name in ("", "q"):
        raise Refusal("INVALID_FILTERS_SYNTAX", "Invalid filters syntax", "filter[q][name_predicate] or filter[name].")
    return filters.first_level(found, name, text)
