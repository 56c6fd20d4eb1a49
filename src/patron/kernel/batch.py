"""Several changes in one statement: a round trip costs more than most of what travels in it.

PostgreSQL runs data-modifying parts of a WITH to their end whether anybody reads them or not, all on the snapshot with
which the statement began (PostgreSQL manual 7.8.4). So they suit changes that do not look at each other. A change may
itself begin with one `with name as (…)`; as they stand at the top only, that part becomes one beside it.
"""

import re
from functools import lru_cache

Queued = tuple[str, tuple[object, ...]]  # a statement and its arguments

_PLACE = re.compile(r"\$(\d+)")
_WITH = re.compile(r"\s*with (\w+) as \(")


def grouped(queued: list[Queued]) -> tuple[list[Queued], list[tuple[str, list[tuple[object, ...]]]]]:
    """The statements that come once, and those that come again with all their arguments."""
    by_sql: dict[str, list[tuple[object, ...]]] = {}
    for sql, args in queued:
        by_sql.setdefault(sql, []).append(args)
    return (
        [(sql, rows[0]) for sql, rows in by_sql.items() if len(rows) == 1],
        [(sql, rows) for sql, rows in by_sql.items() if len(rows) > 1],
    )


def riding(queued: list[Queued], sql: str, args: tuple[object, ...]) -> Queued:
    """A statement and the changes that ride along, as one statement with its arguments."""
    if not queued:
        return sql, args
    changes = tuple((change, len(given)) for change, given in queued)
    given = [one for _, more in queued for one in more]
    return _joined(changes, sql, len(args)), (*args, *given)


@lru_cache(maxsize=1_000)
def _joined(changes: tuple[tuple[str, int], ...], sql: str, taken: int) -> str:
    """The statement's text, the places of each change moved behind those that are taken."""
    parts = []
    for n, (change, count) in enumerate(changes):
        moved = _PLACE.sub(lambda found, by=taken: f"${int(found[1]) + by}", change)  # type: ignore[misc]
        parts += _apart(moved, n)
        taken += count
    sql = sql.strip()
    rest = f", {sql[5:]}" if sql[:5] == "with " else f" {sql}"
    return f"with {', '.join(parts)}{rest}"


def _apart(change: str, n: int) -> list[str]:
    """A change as parts of a WITH: itself, and what it begins with under a name that no other has."""
    found = _WITH.match(change)
    if found is None:
        return [f"queued_{n} as ({change})"]
    depth, at = 1, found.end()
    while depth:
        depth += {"(": 1, ")": -1}.get(change[at], 0)
        at += 1
    own = re.compile(rf"\b{found[1]}\b")
    name = f"{found[1]}_{n}"
    return [f"{name} as ({change[found.end() : at - 1]})", f"queued_{n} as ({own.sub(name, change[at:])})"]
