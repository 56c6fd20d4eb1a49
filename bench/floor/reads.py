"""The floor's reads: one statement for each answer, two for a page of whole accounts."""

import unicodedata
from collections import defaultdict
from typing import Any
from urllib.parse import unquote

import asyncpg

from bench.floor.bodies import ACCOUNT, CHILDREN, CONTACT, ENCODE, NOTE, SEGMENT, VALUE, WIDTH, account

CONTACTS = "contact c join address d on d.tenant_id = $1 and d.id = c.address_id where c.tenant_id = $1"
VALUES = "attribute v join attribute_definition f on f.tenant_id = $1 and f.id = v.definition_id where v.tenant_id = $1"
SEGMENTS = "segment_member m join segment s on s.tenant_id = $1 and s.id = m.segment_id where m.tenant_id = $1"
NOTES = "note n where n.tenant_id = $1"
FOR_SHOPPERS = "and f.is_active and f.is_visible and f.display_group <> 'Admin'"
LIGHT = "a.id, a.email, a.first_name, a.last_name"
TOTAL = "(select sum(accounts)::bigint from account_count where tenant_id = $1)"
CURSOR = "x" * 51  # as long as a signed one


def _one(of: str, columns: str, source: str, order: str) -> str:
    return f"(select coalesce(json_agg(json_build_array({columns}) order by {order}), '[]') from {source} and {of})"


def whole(*, shopper: bool, source: str = "account a", where: str = "a.tenant_id = $1 and a.id = $2") -> str:
    """The statement for one account with its children."""
    values = f"{VALUES} {FOR_SHOPPERS}" if shopper else VALUES
    children = (
        _one("c.account_id = a.id", CONTACT, CONTACTS, "c.id"),
        _one("v.account_id = a.id", VALUE, values, "f.position, f.id"),
        _one("m.account_id = a.id", SEGMENT, SEGMENTS, "s.id"),
        *(() if shopper else (_one("n.account_id = a.id", NOTE, NOTES, "n.id"),)),
    )
    return f"select {ACCOUNT}, {', '.join(children)} from {source} where {where}"


_BY_ID, _OWN = whole(shopper=False), whole(shopper=True)
_BY_EMAIL = whole(shopper=False, where="a.tenant_id = $1 and a.email_key = $2 and lower(a.email) = $2 limit 20")


def rendered(row: Any) -> dict[str, Any]:
    """The body for a row of `whole`."""
    contacts, values, segments = (CHILDREN(row[n]) for n in (WIDTH, WIDTH + 1, WIDTH + 2))
    return account(row, contacts, values, segments, CHILDREN(row[WIDTH + 3]) if len(row) > WIDTH + 3 else [])


async def one(conn: asyncpg.Connection, tenant_id: int, account_id: int, *, shopper: bool) -> bytes:
    """An account with its children."""
    return ENCODE(rendered(await conn.fetchrow(_OWN if shopper else _BY_ID, tenant_id, account_id)))


def _page(items: list[Any], total: int, cursor: str | None = None) -> bytes:
    frame = {"startIndex": 0, "pageSize": 20, "pageCount": -(-total // 20), "totalCount": total, "nextCursor": cursor}
    return ENCODE({**frame, "items": items})


def _light(rows: list[Any], total: int) -> bytes:
    items = [{"id": r[0], "emailAddress": r[1], "firstName": r[2], "lastName": r[3]} for r in rows]
    return ENCODE({"totalCount": total, "items": items})


async def by_email(conn: asyncpg.Connection, tenant_id: int, email: str) -> bytes:
    """The accounts with this address. Fewer than a page, so their number is the total."""
    items = [rendered(row) for row in await conn.fetch(_BY_EMAIL, tenant_id, email.lower())]
    return _page(items, len(items))


async def light(conn: asyncpg.Connection, tenant_id: int, *, skip: int = 0, after: int = 0) -> bytes:
    """A page of light rows, by offset or behind an id."""
    sql = f"select {LIGHT}, {TOTAL} from account a where a.tenant_id = $1"
    if after:
        rows = await conn.fetch(f"{sql} and a.id > $2 order by a.id limit 21", tenant_id, after)
    else:
        rows = await conn.fetch(f"{sql} order by a.id limit 21 offset {skip}", tenant_id)
    return _light(rows[:20], rows[0][4])


async def search(conn: asyncpg.Connection, tenant_id: int, words: list[str]) -> bytes:
    """Light rows with all the words in them, among the first hundred candidates."""
    given, likes = [], []
    for word in words:
        at = len(given) + 2
        short = len(word) < 3
        given += [f"{word}%", f"% {word}%"] if short else [f"%{word}%"]
        likes.append(f"(x.search like ${at} or x.search like ${at + 1})" if short else f"x.search like ${at}")
    rows = await conn.fetch(
        f"""
        select {LIGHT}, count(*) over () from account a where a.tenant_id = $1 and a.id = any(array(
            select x.id from account x where x.tenant_id = $1 and {" and ".join(likes)} limit 100))
        order by a.id limit 21
        """,
        tenant_id,
        *given,
    )
    return _light(rows[:20], rows[0][4] if rows else 0)


_PAGE = f"select {ACCOUNT}, {TOTAL} from account a where a.tenant_id = $1 order by a.id limit 21"
_ALL = "select " + ", ".join(
    f"(select json_agg(json_build_array({columns}) order by {order}) from {source} and {of}.account_id = any($2))"
    for of, columns, source, order in (
        ("c", CONTACT, CONTACTS, "c.id"),
        ("v", VALUE, VALUES, "f.position, f.id"),
        ("m", SEGMENT, SEGMENTS, "s.id"),
        ("n", NOTE, NOTES, "n.id"),
    )
)


async def full(conn: asyncpg.Connection, tenant_id: int) -> bytes:
    """A page of whole accounts: the page, then all children of all its accounts."""
    rows = await conn.fetch(_PAGE, tenant_id)
    found = await conn.fetchrow(_ALL, tenant_id, [row[0] for row in rows[:20]])
    children = []
    for column in found:
        of: dict[int, list[Any]] = defaultdict(list)
        for child in CHILDREN(column or b"[]"):
            of[child[0]].append(child)
        children.append(of)
    items = [account(row, *(of.get(row[0], []) for of in children)) for row in rows[:20]]  # type: ignore[arg-type]
    return _page(items, rows[0][WIDTH], CURSOR)


def _plain(text: str) -> str:
    """Without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


async def listed(conn: asyncpg.Connection, tenant_id: int, query: str, after: int) -> bytes:
    """Which of the lists a query string asks for."""
    if query.startswith("filter="):
        return await by_email(conn, tenant_id, unquote(query.partition("%20eq%20")[2]))
    if query.startswith("q="):
        return await search(conn, tenant_id, _plain(unquote(query[2:].partition("&")[0])).split())
    if "cursor=" in query:
        return await light(conn, tenant_id, after=after)
    if "startIndex=" in query:
        return await light(conn, tenant_id, skip=int(query.partition("startIndex=")[2].partition("&")[0]))
    return await light(conn, tenant_id) if "responseFields=" in query else await full(conn, tenant_id)
