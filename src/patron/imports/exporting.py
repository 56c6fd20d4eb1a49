"""Reads customers in the format in which they are imported, by their ids in rising order, in flat memory."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from patron.accounts.model import Profile
from patron.contacts import queries as contacts
from patron.contacts.model import ADDRESS, PERSON, Contact
from patron.imports.model import COLUMNS, FLAGS, REFERENCES
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid
from patron.kernel.query import Fields, Filter
from patron.kernel.sql import Statement
from patron.logins.model import FOREIGN_PURPOSE

ROWS_AT_ONCE = 1_000
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
SNAPSHOT = "set transaction isolation level repeatable read, read only"

# Passwords in clear text are no part of any export.
EXPORTED = tuple(name for name in COLUMNS if name != "password")

_DEFAULTS = dict.fromkeys(FLAGS, False) | {
    "is_active": True,
    "holds_email": True,
    "account_type": "B2C",
    "metadata": {},
}
_ACCOUNT = tuple(name for name in (*Profile.__struct_fields__, "user_name", *REFERENCES, "is_active", "is_locked"))
_SELECT = f"""a.id, {", ".join(f"a.{name}" for name in _ACCOUNT)}, a.metadata, a.created_at, a.since_at,
    (a.holds_email or a.email is null) as holds_email, l.must_change as must_change_password, l.password_hash,
    l.foreign_hash, (select s.code from segment_member m join segment s on s.tenant_id = $1 and s.id = m.segment_id
                     where m.tenant_id = $1 and m.account_id = a.id and m.kind = 'group') as group,
    (select string_agg(t.name, ',' order by t.name) from tagging g join tag t on t.tenant_id = $1 and t.id = g.tag_id
     where g.tenant_id = $1 and g.kind = 'account' and g.owner_id = a.id) as tags"""


class Wanted(msgspec.Struct, frozen=True):
    """What of the customers of a site's set is exported. `fields` are columns; without them all that say something."""

    condition: Filter | None = None
    fields: tuple[str, ...] = EXPORTED
    with_passwords: bool = False


def chosen(fields: Sequence[str] | None) -> tuple[str, ...]:
    """The columns of these names, in the format's order. Raises Invalid."""
    if not fields:
        return EXPORTED
    unknown = next((name for name in fields if name not in EXPORTED), None)
    if unknown is not None:
        raise Invalid.field("fields", f"has {str(unknown)[:60]}, which is no column", "inclusion")
    return tuple(name for name in EXPORTED if name in fields)


async def take_snapshot(ctx: Ctx) -> None:
    """Have the open transaction see the database as it is now, to its end. It must not have run anything yet."""
    await ctx.db.execute(SNAPSHOT)


async def count(ctx: Ctx, wanted: Wanted, known: Fields) -> int:
    """How many customers there are to export."""
    statement, where = _where(ctx, wanted, known)
    return int(
        await ctx.db.value(f"select count(*) from account a where a.tenant_id = $1 and {where}", *statement.args)
    )


async def batch(
    ctx: Ctx, wanted: Wanted, known: Fields, after: int, size: int = ROWS_AT_ONCE
) -> tuple[list[dict[str, Any]], int]:
    """The next customers behind an id, and the id of the last of them. Three statements at most."""
    statement, where = _where(ctx, wanted, known)
    behind = statement.bind(after, "bigint")
    rows = await ctx.db.fetch(
        f"""
        select {_SELECT} from account a left join login l on l.tenant_id = $1 and l.account_id = a.id
        where a.tenant_id = $1 and {where} and a.id > {behind} order by a.id limit {int(size)}
        """,
        *statement.args,
    )
    if not rows:
        return [], after
    books = await _contacts(ctx, [row["id"] for row in rows]) if "contacts" in wanted.fields else {}
    return [_shown(ctx, wanted, row, books.get(row["id"], [])) for row in rows], rows[-1]["id"]


def _where(ctx: Ctx, wanted: Wanted, known: Fields) -> tuple[Statement, str]:
    statement = Statement(ctx.tenant_id, ctx.at_site.customer_set, now=ctx.now)
    where = "a.customer_set_code = $2"
    if wanted.condition is not None:
        where += f" and {statement.where(wanted.condition, known)}"
    return statement, where


async def _contacts(ctx: Ctx, account_ids: list[int]) -> dict[int, list[Contact]]:
    data = await ctx.db.value(f"select {contacts.CHILDREN.of_many}", ctx.tenant_id, account_ids)
    found: dict[int, list[Contact]] = {}
    for account_id, contact in contacts.PAIRS_DECODER.decode(data):
        found.setdefault(account_id, []).append(contact)
    return found


def _shown(ctx: Ctx, wanted: Wanted, row: Row, book: list[Contact]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in wanted.fields:
        if name == "contacts":
            value: Any = [_contact(one) for one in book] or None
        elif name == "password_hash":
            value = _hash(ctx, row) if wanted.with_passwords else None
        else:
            value = row[name]
        if value is not None and value != _DEFAULTS.get(name):
            values[name] = _moment(value) if isinstance(value, datetime) else value
    return values


def _contact(contact: Contact) -> dict[str, Any]:
    values = {name: getattr(contact, name) for name in (*PERSON, *ADDRESS)}
    return {
        name: value
        for name, value in values.items()
        if value is not None and (value is not False or name == "is_validated")
    }


def _hash(ctx: Ctx, row: Row) -> str | None:
    if row["foreign_hash"] is not None:
        return ctx.secrets.vault.open(row["foreign_hash"], FOREIGN_PURPOSE).decode()
    return row["password_hash"]  # type: ignore[no-any-return]


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def head(format_: str, fields: Sequence[str]) -> bytes:
    """What a file begins with."""
    return cells(fields) if format_ == "csv" else b""


def lines(format_: str, fields: Sequence[str], customers: Sequence[dict[str, Any]]) -> bytes:
    """These customers as lines of a file."""
    if format_ == "csv":
        return b"".join(cells([cell(one.get(name)) for name in fields]) for one in customers)
    return b"".join(line(one) for one in customers)


def line(one: dict[str, Any]) -> bytes:
    """A record as a line of JSON."""
    return _ENCODE(one) + b"\n"


def cell(value: Any) -> str:
    """A value as text; what has parts as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _ENCODE(value).decode()


def cells(texts: Sequence[str]) -> bytes:
    """A line of CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(texts)
    return written.getvalue().encode()
