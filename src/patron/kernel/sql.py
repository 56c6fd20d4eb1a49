"""From a question to SQL, over a whitelist of fields: the only place where SQL is composed from what a caller says.

Values are always bound. `$1` is the tenant in every statement.
"""

import base64
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import BadAsk
from patron.kernel.query import Ago, Ask, Compare, Every, Field, Fields, Filter, Kind, Not, Op, Page, Some, Sort, Value
from patron.kernel.secrets import same
from patron.kernel.values import CURRENCY_DIGITS

_CAST = {
    "text": "text",
    "integer": "bigint",
    "number": "numeric",
    "bool": "boolean",
    "time": "timestamptz",
    "uuid": "uuid",
    "json": "jsonb",
    "none": "text",
}
_SIGN = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_BIGINT_MAX = 2**63 - 1
SIGNATURE_LENGTH = 32
TOGETHER_MAX = 2_000
# The values of an array, but not their number: with that before its eyes PostgreSQL would plan the statement anew each
# time, which takes longer than running it.
_UNSEEN = "(select $2::bigint[])::bigint[]"


class Statement:
    """Collects bound values while SQL text is put together. `now` is what moments that move along are counted from.

    `for_few`: the rows that are asked are few, so that child rows are looked up for each. PostgreSQL would rather read
    whole tables once for very many conditions; an `offset` keeps it from that.
    """

    def __init__(self, *args: object, now: datetime | None = None, for_few: bool = False) -> None:
        self.args: list[object] = list(args)
        self._now = now
        self._ending = " offset 0)" if for_few else ")"

    def bind(self, value: object, cast: str) -> str:
        """The placeholder for a value."""
        self.args.append(value)
        return f"${len(self.args)}::{cast}"

    def where(self, node: Filter, fields: Fields) -> str:
        """The condition for a filter tree."""
        match node:
            case Every(parts):
                return "(" + " and ".join(self.where(part, fields) for part in parts) + ")"
            case Some(parts):
                return "(" + " or ".join(self.where(part, fields) for part in parts) + ")"
            case Not(part):
                return f"not coalesce({self.where(part, fields)}, false)"
            case Compare(name, op, value):
                field = fields[name]
                condition = self._compare(field, op, value)
                if field.inside:
                    condition = field.inside.format(condition).removesuffix(")") + self._ending
                takes_null = op == "eq" if value is None else op == "ne"
                return f"({condition} or {field.missing})" if field.missing and takes_null else condition

    def _compare(self, field: Field, op: Op, value: Value | tuple[Value, ...]) -> str:
        if isinstance(value, tuple):
            one_of: Op = "same" if op == "same" else "eq"
            return "(" + " or ".join(self._compare(field, one_of, one) for one in value) + ")" if value else "false"
        if isinstance(value, Ago):
            assert self._now is not None
            value = value.before(self._now)
        if value is None:
            return f"{field.sql} is {'not ' if op == 'ne' else ''}null"
        if field.kind == "none":
            return "true" if op == "ne" else "false"
        if field.kind == "text":
            return self._compare_text(field, op, str(value))
        cast = _CAST[field.kind]
        if field.kind == "integer" and not (isinstance(value, int) and abs(value) <= _BIGINT_MAX):
            cast, value = "numeric", Decimal(str(value))
        bound = self.bind(value, cast)
        if op == "holds":
            return f"{field.sql} @> {bound}"
        if op == "same":
            return f"{field.sql} = {bound}"
        return f"{field.sql} is distinct from {bound}" if op == "ne" else f"{field.sql} {_SIGN[op]} {bound}"

    def _compare_text(self, field: Field, op: Op, value: str) -> str:
        if op in ("has", "starts", "ends"):
            return self._compare_part(field, op, value)
        if op == "like":
            return f"lower({field.sql}) like lower({self.bind(value, 'text')})"
        key = field.equal
        if op == "same" and not (key is not None and key.exact):
            return f"{field.sql} = {self.bind(value, 'text')}"
        if key is not None and key.exact and op in ("eq", "ne", "same"):
            bound = self.bind(key.make(value), "text")
            return f"{key.sql} is distinct from {bound}" if op == "ne" else f"{key.sql} = {bound}"
        bound, column = f"lower({self.bind(value, 'text')})", f"lower({field.sql})"
        if op == "ne":
            return f"{column} is distinct from {bound}"
        condition = f'{column} {_SIGN[op]} {bound} collate "C"'
        if op == "eq" and key is not None:
            return f"({key.sql} = {self.bind(key.make(value), 'text')} and {condition})"
        return condition

    def _compare_part(self, field: Field, op: Op, value: str) -> str:
        pattern = ("" if op == "starts" else "%") + like_escape(value) + ("" if op == "ends" else "%")
        condition = f"lower({field.sql}) like lower({self.bind(pattern, 'text')})"
        if field.has is None:
            return condition
        like = self.bind(f"%{like_escape(field.has.make(value))}%", "text")
        return f"({field.has.sql} like {like} and {condition})"


def major(minor: str, currency: str) -> str:
    """The SQL for an amount of minor units as a decimal number."""
    cases = ""
    for digits in (0, 3):
        codes = ", ".join(f"'{code}'" for code, d in CURRENCY_DIGITS.items() if d == digits)
        cases += f"when {currency} in ({codes}) then {10**digits} "
    return f"({minor}::numeric / case {cases}else 100 end)"


def held(field: Field, limit: int = 20) -> str:
    """The SQL for what a row holds in a field, as a JSON array: one value, or some of those in its child rows."""
    if field.inside is None:
        return f"jsonb_build_array({field.sql})"
    rows = field.inside.format("true").removeprefix("exists (select from ").removesuffix(")")
    return f"(select coalesce(jsonb_agg(h.one), '[]') from (select {field.sql} as one from {rows} limit {limit}) h)"


def like_escape(text: str) -> str:
    """Text as a LIKE pattern that means just itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class Children(msgspec.Struct, frozen=True):
    """What hangs on owners: the columns of one, their source, and which of its columns names tenant and owner."""

    columns: str
    source: str
    tenant_id: str
    owner_id: str
    order: str

    @property
    def of_one(self) -> str:
        """The children of the row `a` as one JSON value, for the statement that reads it. `$1` is the tenant."""
        return f"""(select coalesce(json_agg(json_build_array({self.columns}) order by {self.order}), '[]')
            from {self.source} where {self.tenant_id} = $1 and {self.owner_id} = a.id)"""

    @property
    def of_many(self) -> str:
        """The children of the owners `$2` as one JSON value: pairs of owner and child."""
        child = f"json_build_array({self.owner_id}, json_build_array({self.columns}))"
        return f"""(select coalesce(json_agg({child} order by {self.order}), '[]')
            from {self.source} where {self.tenant_id} = $1 and {self.owner_id} = any($2))"""


class Listing(msgspec.Struct, frozen=True):
    """A list that can be asked about. `select` and `source` are SQL; `where` is what always holds, `$1` the tenant.

    `identity` is the unique sort expression that makes every order total; its values are `identity_kind`.
    """

    select: str
    source: str
    where: str
    fields: Fields
    identity: str
    order: tuple[Sort, ...] = ()
    identity_kind: Kind = "integer"
    identity_descending: bool = False


async def page(
    ctx: Ctx,
    listing: Listing,
    ask: Ask,
    *args: object,
    extra: str = "",
    more: str = "",
    total: str | None = None,
    few: bool = False,
) -> Page[Row]:
    """One page of a listing, with the number of all its rows, in one statement: both are of the same moment.

    `args` follow the tenant; `extra` is a further condition; `more` are columns that only the page's rows need, of `a`,
    the row without them. `total` is SQL that knows the number without counting
    (of `$1` only); `few` says that the rows are not many, so that they can be counted while they are read. Raises
    BadAsk for a sort or cursor that cannot be.
    """
    statement = Statement(ctx.tenant_id, *args, now=ctx.now)
    conditions = [listing.where, *([extra] if extra else [])]
    if ask.filter is not None:
        conditions.append(statement.where(ask.filter, listing.fields))
    where = " and ".join(conditions)
    count = total or f"(select count(*) from {listing.source} where {where})"
    count_args = [ctx.tenant_id] if total else list(statement.args)
    if ask.size == 0:
        return Page([], await ctx.db.value(f"select {count}", *count_args))
    order = _order(listing, ask.sort)
    skip, beside = "", count
    if ask.cursor is not None:
        where += " and " + _after(statement, order, _read_cursor(ctx, ask.cursor, order))
    elif few:
        beside = "count(*) over ()"
    if ask.cursor is None and ask.start:
        skip = f" offset {statement.bind(ask.start, 'bigint')}"
    # The limit stands in the text: with one that it cannot see, PostgreSQL would plan the statement anew each time.
    sql = (
        f"select {listing.select}, {order.columns}, {beside} as row_total from {listing.source} where {where}"
        f" order by {order.by} limit {int(ask.size) + 1}{skip}"
    )
    if more:
        sql = f"select a.*, {more} from ({sql}) a order by {order.by_columns}"
    rows = await ctx.db.fetch(sql, *statement.args)
    if not rows:  # none at all, or the page lies behind the last row
        return Page([], await ctx.db.value(f"select {count}", *count_args) if ask.start or ask.cursor else 0)
    shown = rows[: ask.size]
    has_next = ask.marks and len(rows) > ask.size
    return Page(shown, rows[0]["row_total"], _write_cursor(ctx, shown[-1], order) if has_next else None)


async def rows_of(
    ctx: Ctx, listing: Listing, field: str, values: list[int], reach: tuple[Filter, ...] = ()
) -> list[Row]:
    """The rows of a listing whose integer field has one of these values, which is their column `owner_id`.

    One statement, however many values: for the children of a page, or what its rows name. `reach` are conditions that
    must hold, too. Raises BadAsk when there are more than `TOGETHER_MAX`.
    """
    if not values:
        return []
    statement = Statement(ctx.tenant_id, values, now=ctx.now)
    sql = listing.fields[field].sql
    conditions = [listing.where, f"{sql} = any({_UNSEEN})", *(statement.where(one, listing.fields) for one in reach)]
    rows = await ctx.db.fetch(
        f"""
        select {listing.select}, {sql} as owner_id from {listing.source}
        where {" and ".join(conditions)} order by {listing.identity} limit {TOGETHER_MAX + 1}
        """,
        *statement.args,
    )
    if len(rows) > TOGETHER_MAX:
        raise BadAsk("include", f"More than {TOGETHER_MAX} would come along: ask for a list of them.")
    return rows


async def ids_of(ctx: Ctx, listing: Listing, node: Filter, limit: int) -> list[int]:
    """The first ids of a listing's rows for which a filter holds."""
    statement = Statement(ctx.tenant_id, now=ctx.now)
    where = f"{listing.where} and {statement.where(node, listing.fields)}"
    rows = await ctx.db.fetch(
        f"""
        select {listing.identity} as id from {listing.source} where {where}
        order by {listing.identity} limit {int(limit)}
        """,
        *statement.args,
    )
    return [row["id"] for row in rows]


async def rows_behind(ctx: Ctx, listing: Listing, node: Filter | None, behind: int, limit: int) -> list[Row]:
    """The rows behind an id for which a filter holds, in the order of their ids: for who reads all of them."""
    statement = Statement(ctx.tenant_id, behind, now=ctx.now)
    where = f"{listing.where} and {listing.identity} > $2::bigint"
    if node is not None:
        where += f" and {statement.where(node, listing.fields)}"
    return await ctx.db.fetch(
        f"""
        select {listing.select} from {listing.source} where {where} order by {listing.identity} limit {int(limit)}
        """,
        *statement.args,
    )


async def count_of(ctx: Ctx, listing: Listing, node: Filter | None) -> int:
    """How many rows of a listing there are for which a filter holds."""
    statement = Statement(ctx.tenant_id, now=ctx.now)
    where = listing.where if node is None else f"{listing.where} and {statement.where(node, listing.fields)}"
    return int(await ctx.db.value(f"select count(*) from {listing.source} where {where}", *statement.args))


def across(own: str, target: Listing, key: str, field: Field) -> Field:
    """A field of rows of `target` that a row names, seen from that row: any of them will do, and none counts as null.

    `own` is the row's SQL, `key` the target's field, that must be equal.
    """
    inside = f"exists (select from {target.source} where {target.where} and {target.fields[key].sql} = {own} and {{}})"
    if field.inside is not None:
        inside = inside.format(field.inside)
    return msgspec.structs.replace(field, sort=None, inside=inside, missing=f"not {inside.format('true')}")


_TYPES: dict[Kind, type] = {
    "text": str,
    "integer": int,
    "number": Decimal,
    "bool": bool,
    "time": datetime,
    "uuid": UUID,
}


class _Key(msgspec.Struct, frozen=True):
    sql: str
    kind: Kind
    descending: bool


class _Order(msgspec.Struct, frozen=True):
    """Sort keys, and how SQL says them: as columns, by their expressions, by those columns.

    `behind`: how the comparison with the last row begins when all keys go one way. `values` reads those of a cursor.
    """

    keys: tuple[_Key, ...]
    columns: str
    by: str
    by_columns: str
    behind: str | None
    values: msgspec.json.Decoder[tuple[object, ...]]


def _order(listing: Listing, sort: tuple[Sort, ...]) -> _Order:
    """The sort keys, the last of which is the identity: what would come behind it cannot matter any more."""
    keys: list[_Key] = []
    for part in sort or listing.order:
        field = listing.fields.get(part.field)
        if field is None or field.sort is None:
            raise BadAsk("sort", f"There is no order by {part.field}.")
        keys.append(_Key(field.sort, field.kind, part.descending))
        if field.sort == listing.identity:
            return _said(tuple(keys))
    down = keys[-1].descending if keys else listing.identity_descending
    return _said((*keys, _Key(listing.identity, listing.identity_kind, down)))


@lru_cache(maxsize=1_000)
def _said(keys: tuple[_Key, ...]) -> _Order:
    ways = ["desc" if key.descending else "asc" for key in keys]
    sign = "<" if keys[0].descending else ">"
    return _Order(
        keys,
        ", ".join(f"{key.sql} as sort_{n}" for n, key in enumerate(keys)),
        ", ".join(f"{key.sql} {way}" for key, way in zip(keys, ways, strict=True)),
        ", ".join(f"sort_{n} {way}" for n, way in enumerate(ways)),
        f"({', '.join(key.sql for key in keys)}) {sign}" if len(set(ways)) == 1 else None,
        msgspec.json.Decoder(tuple[tuple(_TYPES[key.kind] for key in keys)]),  # type: ignore[misc]
    )


def _after(statement: Statement, order: _Order, values: tuple[object, ...]) -> str:
    """The rows behind a cursor. One direction for all keys is a row comparison, which an index can seek."""
    bound = [statement.bind(value, _CAST[key.kind]) for key, value in zip(order.keys, values, strict=True)]
    if order.behind is not None:
        return f"{order.behind} ({', '.join(bound)})"
    cases = []
    for n, key in enumerate(order.keys):
        equal = [f"{order.keys[m].sql} = {bound[m]}" for m in range(n)]
        cases.append("(" + " and ".join([*equal, f"{key.sql} {'<' if key.descending else '>'} {bound[n]}"]) + ")")
    return "(" + " or ".join(cases) + ")"


def _signature(ctx: Ctx, order: _Order, values: bytes) -> str:
    """What only we can put on a cursor: so its values are ones that we read from the database, in this order."""
    return ctx.secrets.vault.mac("cursor", f"{ctx.tenant_id} {order.by} {values.decode()}")


def _write_cursor(ctx: Ctx, row: Row, order: _Order) -> str:
    values = msgspec.json.encode([row[f"sort_{n}"] for n in range(len(order.keys))])
    signed = _signature(ctx, order, values).encode() + values
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def _read_cursor(ctx: Ctx, text: str, order: _Order) -> tuple[object, ...]:
    """The sort values of the last row seen. A cursor belongs to one tenant and order; any other is refused."""
    try:
        signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        signature, values = signed[:SIGNATURE_LENGTH], signed[SIGNATURE_LENGTH:]
        if same(signature, _signature(ctx, order, values).encode()):
            return order.values.decode(values)
    except ValueError:
        pass
    raise BadAsk("cursor", "This cursor does not belong to this list and order.")
