"""Several changes in one statement: a round trip costs more than most of what travels in it.

PostgreSQL runs data-modifying parts of a WITH to their end whether anybody reads them or not, all on the snapshot with
which the statement began (PostgreSQL manual 7.8.4). So they suit changes that do not look at each other.
"""

import re
from functools import lru_cache

Queued = tuple[str, tuple[object, ...]]  # a statement and its arguments

_PLACE = re.compile(r"\$(\d+)")


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
        parts.append(f"queued_{n} as ({moved})")
        taken += count
    sql = sql.strip()
    rest = f", {sql[5:]}" if sql[:5] == "with " else f" {sql}"
    return f"with {', '.join(parts)}{rest}"
