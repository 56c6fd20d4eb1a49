"""Reads SQL as far as it takes to say which tenant each table of a statement is asked about.

Every mention of a tenant's table, in every part of a statement (joins, sub-selects, CTEs, unions), must carry its own
`tenant_id = $n`, not below an `or`; an insert must begin with the tenant's id. `faults` says what is missing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import patron
from patron.erasure.job import DUE as FORGET_DUE
from patron.imports.exporting import SNAPSHOT
from patron.imports.work import DUE as IMPORTS_DUE
from patron.segments.job import DUE
from patron.webhooks import deliveries, relay

Node = str | list["Node"]

_TOKEN = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|\"(?P<quoted>[^\"]+)\"|\$\d+|[a-z_][a-z_0-9]*|\d+(?:\.\d+)?|::|<>|<=|>=|->>|->|\S", re.I
)
_VERBS = {"select", "insert", "update", "delete", "with", "values"}
_HARMLESS = {"begin", "commit", "rollback", "savepoint", "release"}
# Partitions of the table of visits come and go while Patron runs, each of one month and all tenants.
_PARTITIONS = re.compile(
    r"lock table visit in share update exclusive mode|create table visit_\d{4}_\d\d \(like visit including all\)"
    r"|alter table visit attach partition visit_\d{4}_\d\d for values from \('[\d:T+-]+'\) to \('[\d:T+-]+'\)"
    r"|drop table visit_\d{4}_\d\d|set local lock_timeout = '\w+'"
)
# Words that end a FROM list or a condition.
_CLAUSES = {"where", "group", "having", "order", "limit", "offset", "window", "returning", "set", "for", "values"}
_JOINS = {"join", "left", "right", "inner", "outer", "full", "cross", "natural"}
_NO_ALIAS = _CLAUSES | _JOINS | {"on", "using", "with", "union", "intersect", "except", "from", "select", "default"}
_NAME = re.compile(r"[a-z_][a-z_0-9]*")
_CATALOGUE = re.compile(r"pg_|information_schema$")
_PARAMETER = re.compile(r"\$\d+")


# Tables without the wall between tenants, each with its reason. PostgreSQL's own (pg_…) are no concern of ours.
SHARED = {
    "tenant": "says which tenants there are; its id is the tenant's",
    "application_directory": "finds the tenant of a client id, before the tenant is known",
    "signing_key": "keys of the installation",
    "heartbeat": "the worker's sign of life",
}

# Statements that look at all tenants at once, each with its reason.
ACROSS_TENANTS = {
    "select distinct tenant_id from mail where next_at <= $1": "the worker looks which tenants have mail to send",
    (
        "select t.id from tenant t where exists (select from credit c where c.tenant_id = t.id and "
        "c.expires_at <= $1 and c.lapsed_at is null and c.deleted_at is null) or exists (select from "
        "credit_payment p where p.tenant_id = t.id and p.expires_at <= $1 and p.held_minor > 0) order by t.id"
    ): "the worker looks which tenants have credits or holds to end",
    " ".join(FORGET_DUE.split()): "the worker looks which tenants have customers to forget",
    " ".join(relay.DUE.split()): "the worker looks which tenants have events that nobody was told of",
    " ".join(deliveries.DUE.split()): "the worker looks which webhooks have something due",
    " ".join(DUE.split()): "the worker looks which tenants have segments to keep in step",
    " ".join(IMPORTS_DUE.split()): "the worker looks which tenants have imports and exports to go on with",
    "select version_num from alembic_version": "the operator's commands ask Alembic's own table for the revision",
}


@dataclass(frozen=True)
class Tables:
    """Which tables are a tenant's own, and which are shared."""

    tenants: frozenset[str]
    shared: frozenset[str] = frozenset(SHARED)


def migrated() -> Tables:
    """The tables that the migrations make."""
    folder = Path(patron.__file__).parent / "migrations" / "versions"
    made = {name for file in folder.glob("*.sql") for name in re.findall(r"(?m)^create table (\w+)", file.read_text())}
    return Tables(frozenset(made - SHARED.keys()))


class Watch:
    """Hears every statement of the process and judges each once."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.listeners: list[Callable[[str], None]] = []
        self._tables = migrated()
        self._judged: set[str] = set()

    def hear(self, sql: str) -> None:
        """A statement runs."""
        self.seen.add(sql)
        for listener in self.listeners:
            listener(sql)

    def faults(self) -> dict[str, list[str]]:
        """The statements heard since the last call that are not about one tenant only."""
        new = self.seen - self._judged
        self._judged |= new
        return {
            sql: found
            for sql in new
            if " ".join(sql.split()) not in ACROSS_TENANTS and (found := faults(sql, self._tables))
        }


class Counting:
    """The statements that run meanwhile, for tests that count or compare them.

    A caller's token is asked about again after a second (docs/decisions/0005): on a busy machine that falls anywhere,
    so those statements do not count.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.heard: list[str] = []

    def __enter__(self) -> Self:
        self._watch.listeners.append(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.listeners.remove(self._hear)

    def _hear(self, sql: str) -> None:
        if "from application a" not in sql and "from ticket_family" not in sql:
            self.heard.append(sql)


def faults(sql: str, tables: Tables) -> list[str]:
    """What keeps a statement from being about one tenant only; empty if nothing does."""
    if sql == SNAPSHOT or _PARTITIONS.fullmatch(sql):
        return []
    nodes = _tree(sql)
    if nodes[0] == "copy":
        return list(_copy(nodes, tables))
    if nodes[0] in _HARMLESS:
        return []
    if nodes[0] not in _VERBS:
        return [f"a statement of another kind: {nodes[0]}"]
    return list(_statement(nodes, tables, frozenset()))


def _tree(sql: str) -> list[Node]:
    """The tokens in lower case, with a list for each pair of parentheses."""
    stack: list[list[Node]] = [[]]
    for found in _TOKEN.finditer(sql):
        token = found["quoted"] or (found[0] if found[0].startswith("'") else found[0].lower())
        if token == "(":
            stack.append([])
        elif token == ")" and len(stack) > 1:
            inner = stack.pop()
            stack[-1].append(inner)
        elif not token.startswith("--"):
            stack[-1].append(token)
    assert len(stack) == 1, f"unbalanced parentheses in {sql}"
    return stack[0]


def _copy(nodes: list[Node], tables: Tables) -> Iterator[str]:
    _, table, columns, *_rest = nodes
    if table not in tables.shared and columns[0] != "tenant_id":
        yield f"copy into {table} does not begin with tenant_id"


def _statement(nodes: list[Node], tables: Tables, known: frozenset[str]) -> Iterator[str]:
    if nodes and nodes[0] == "with":
        nodes, known, queries = _common_tables(nodes, known)
        for query in queries:
            yield from _statement(query, tables, known)
    for part in _split(nodes, "union", "intersect", "except"):
        part = part[1:] if part and part[0] == "all" else part
        if part and isinstance(part[0], str) and part[0] in _VERBS:
            yield from _part(part, tables, known)
        for node in part:
            if isinstance(node, list):
                yield from _statement(node, tables, known)


def _common_tables(nodes: list[Node], known: frozenset[str]) -> tuple[list[Node], frozenset[str], list[list[Node]]]:
    """What follows `with name as (…), …`; the names known from then on; the queries that they stand for."""
    queries = []
    at = 2 if nodes[1] == "recursive" else 1
    while True:
        name = nodes[at]
        assert isinstance(name, str)
        known |= {name}
        at = nodes.index("as", at) + 1
        while not isinstance(query := nodes[at], list):
            at += 1
        queries.append(query)
        at += 1
        if nodes[at] != ",":
            return nodes[at:], known, queries
        at += 1


def _split(nodes: list[Node], *words: str) -> Iterator[list[Node]]:
    part: list[Node] = []
    for node in nodes:
        if isinstance(node, str) and node in words:
            yield part
            part = []
        else:
            part.append(node)
    yield part


def _part(nodes: list[Node], tables: Tables, known: frozenset[str]) -> Iterator[str]:
    """One select, insert, update or delete, without what stands in its parentheses."""
    if nodes[0] == "insert":
        yield from _insert(nodes, tables)
        nodes = nodes[3:]
    mentioned = [one for one in _mentions(nodes) if one[0] not in known and not _CATALOGUE.match(one[0])]
    named = set(_named_tenants(nodes))
    for table, alias in mentioned:
        if table not in tables.tenants | tables.shared:
            yield f"unknown table {table}"
        elif table in tables.tenants and alias not in named and not (len(mentioned) == 1 and "" in named):
            yield f"{table} (as {alias}) without tenant_id = $n"


def _mentions(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    """The tables of a FROM list, of joins, of UPDATE and DELETE, each with its alias."""
    is_list = False
    for at, node in enumerate(nodes):
        before = nodes[at - 1] if at else ""
        if node == "update":
            starts = before not in ("for", "key", "do")
        elif node == "from":
            starts = before != "distinct"
        elif node == ",":
            starts = is_list
        else:
            starts = node in ("join", "using")
        if starts:
            is_list = True
            yield from _mention(nodes[at + 1 :])
        elif isinstance(node, str) and node in _CLAUSES:
            is_list = False


def _mention(nodes: list[Node]) -> Iterator[tuple[str, str]]:
    while nodes and nodes[0] in ("only", "lateral"):
        nodes = nodes[1:]
    name, after, *more = [*nodes, "", ""]
    if isinstance(name, list) or isinstance(after, list):
        return  # a sub-select, or a function that gives rows
    alias = more[0] if after == "as" else after
    is_alias = isinstance(alias, str) and _NAME.fullmatch(alias) and alias not in _NO_ALIAS
    yield name, str(alias) if is_alias else name


def _named_tenants(nodes: list[Node]) -> Iterator[str]:
    """The aliases that a condition at this level binds to a tenant; "" for a `tenant_id` without one."""
    for at, node in enumerate(nodes):
        if node != "where" and not (node == "on" and nodes[at + 1 : at + 2] != ["conflict"]):
            continue
        end = at + 1
        while end < len(nodes) and not (isinstance(nodes[end], str) and nodes[end] in _CLAUSES | _JOINS | {"on"}):
            end += 1
        for part in _conjuncts(nodes[at + 1 : end]):
            match part:
                case [str(alias), ".", "tenant_id", "=", str(value)] if _PARAMETER.fullmatch(value):
                    yield alias
                case ["tenant_id", "=", str(value)] if _PARAMETER.fullmatch(value):
                    yield ""


def _conjuncts(nodes: list[Node]) -> Iterator[list[Node]]:
    if "or" in nodes:
        return
    for part in _split(nodes, "and"):
        if len(part) == 1 and isinstance(part[0], list):
            yield from _conjuncts(part[0])
        else:
            yield part


def _insert(nodes: list[Node], tables: Tables) -> Iterator[str]:
    """The tenant's id must be the first column, its first value a parameter, and the first column of the conflict."""
    table = nodes[2]
    if table in tables.shared:
        return
    if table not in tables.tenants:
        yield f"unknown table {table}"
    first = next(at for at, node in enumerate(nodes) if isinstance(node, list))
    if nodes[first][0] != "tenant_id":
        yield f"insert into {table} does not begin with tenant_id"
    source = nodes[first + 1 :]
    if not all(isinstance(start, str) and _PARAMETER.fullmatch(start) for start in _first_values(source)):
        yield f"insert into {table} with another tenant than a parameter"
    target = source[source.index("conflict") + 1] if "conflict" in source else None
    if isinstance(target, list) and target[0] != "tenant_id":
        yield f"conflict of {table} without tenant_id"


def _first_values(source: list[Node]) -> list[Node]:
    """What an insert writes into its first column, for each row of VALUES, or for all rows of a select."""
    if source[0] != "values":
        return [source[source.index("select") + 1]]
    starts = []
    for node in source[1:]:
        if isinstance(node, list):
            starts.append(node[0])
        elif node != ",":
            break
    return starts
