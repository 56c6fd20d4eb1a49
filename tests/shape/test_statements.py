"""Every SQL statement names the tenant of every table it mentions (DESIGN 3.1)."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import patron
from patron.kernel.db import Database
from statements import ACROSS_TENANTS, Tables, Watch, faults, migrated

SOURCE = Path(patron.__file__).parent

_SQL = re.compile(
    r"\bselect\b.+\bfrom\b|\binsert\s+into\s+\w+\s|\bupdate\s+\w+\s+(as\s+\w+\s+)?set\s|\bdelete\s+from\s+\w+",
    re.DOTALL,
)


# Where statements are put together from parts that this test cannot see; they are judged when tests run them.
COMPOSERS = {"kernel/sql.py"}

# Stands for what is only known at run time, and for a tenant's table where it is one.
LATER = "made_at_run_time"
TABLES = Tables(migrated().tenants | {LATER})


GOOD = [
    "select a.id from account a where a.tenant_id = $1 and a.id = $2 for update",
    "select id from account where tenant_id = $1 and (first_name = $2 or last_name = $2)",
    "select id from account where (tenant_id = $1 and (id = $2))",
    "select c.id from contact c join address d on d.tenant_id = $1 and d.id = c.address_id where c.tenant_id = $1",
    "select exists (select from account a where a.tenant_id = $1 and a.id = $2)",
    "select * from account a where a.tenant_id = $1 and a.email is distinct from $2::text order by a.id, a.email",
    "select a.id from account a left join login l on l.tenant_id = $1 and l.account_id = a.id where a.tenant_id = $1",
    "with x as (select id from note where tenant_id = $1), y as (delete from card where tenant_id = $1) select from x",
    "insert into note (tenant_id, content) values ($1, $2), ($1, $3) returning id",
    "insert into note (tenant_id, content) select $1, given.content from unnest($2::text[]) as given (content)",
    "insert into login_name (tenant_id, name_key) values ($1, $2) on conflict (tenant_id, name_key) do nothing",
    "update account as a set version = version + 1, email = $3 where a.tenant_id = $1 and a.id = $2 returning a.id",
    "delete from note n using account a where a.tenant_id = $1 and n.tenant_id = $1 and n.account_id = a.id",
    "select extract(epoch from now()) from tenant where id = $1",
    "select kid from signing_key",
    "select count(pg_notify('from account', $1))",
    "copy note (tenant_id, content) from stdin",
    "begin isolation level repeatable read read only",
]

BAD = [
    "select id from account where id = $1",
    "select id from account",
    "select a.id from account a where b.tenant_id = $1",
    "select id from account where tenant_id = $1 or id = $2",
    "select id from account where (tenant_id = $1 or true)",
    "select id from account where not (tenant_id = $1)",
    "select id from account where tenant_id <> $1",
    "select id from account where tenant_id = 1001",
    "select c.id from contact c join address d on d.id = c.address_id where c.tenant_id = $1",
    "select c.id from contact c join address d on d.tenant_id = c.tenant_id where c.tenant_id = $1",
    "select id from contact, note where tenant_id = $1",
    "select c.id from contact c, note n where c.tenant_id = $1",
    "select a.id from account a left join login l on l.account_id = a.id where a.tenant_id = $1",
    "select a.id from account a left join login l on l.tenant_id = $1 and l.account_id = a.id",
    "select exists (select from account a where a.id = $2)",
    "select id from account where tenant_id = $1 and id in (select account_id from note)",
    "select (select count(*) from note n where n.account_id = a.id) from account a where a.tenant_id = $1",
    "select id from account where tenant_id = $1 union all select id from note",
    "with x as (select id from note) select * from x",
    "with x as (select id from note where tenant_id = $1) select * from x join account a on a.id = x.id",
    "select * from (select id from note) n",
    "insert into note (content, tenant_id) values ($1, $2)",
    "insert into note (tenant_id, content) values ($1, $2), (7, $3)",
    "insert into note (tenant_id, content) select n.tenant_id, n.content from note n where n.tenant_id = $1",
    "insert into note (tenant_id, content) select $1, n.content from note n",
    "insert into login_name (tenant_id, name_key) values ($1, $2) on conflict (name_key) do nothing",
    "update account set version = 1 where id = $1",
    "update account a set version = n.id from note n where a.tenant_id = $1 and n.account_id = a.id",
    "delete from note where id = $1",
    "delete from note n using account a where a.tenant_id = $1 and n.account_id = a.id",
    "select id from nowhere where tenant_id = $1",
    "copy note (content, tenant_id) from stdin",
    "truncate note",
]


@pytest.mark.parametrize("sql", GOOD)
def test_a_statement_about_one_tenant_is_seen_as_such(sql: str) -> None:
    assert faults(sql, TABLES) == []


@pytest.mark.parametrize("sql", BAD)
def test_a_statement_that_forgets_the_tenant_is_found(sql: str) -> None:
    assert faults(sql, TABLES)


async def test_statements_that_run_are_watched(database: Database, statements: Watch) -> None:
    await database.session().value("select count(*) from tenant where id = 77")

    assert "select count(*) from tenant where id = 77" in statements.seen


async def test_a_statement_that_forgot_its_tenant_would_fail_the_test_that_ran_it(
    database: Database, statements: Watch
) -> None:
    await database.session().value("select count(*) from note n where n.id = 77")

    assert statements.faults() == {
        "select count(*) from note n where n.id = 77": ["note (as n) without tenant_id = $n"],
    }


def test_every_statement_in_the_source_names_its_tenant() -> None:
    files = [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).as_posix() not in COMPOSERS]
    seen = [one for path in files for one in statements_of(path)]
    found = {
        place: bad
        for place, sql in seen
        if (bad := faults(sql, TABLES)) and " ".join(sql.split()) not in ACROSS_TENANTS
    }

    assert len(seen) > 80
    assert found == {}


def test_no_statement_changes_or_removes_an_entry_of_the_ledger() -> None:
    writing = re.compile(r"\b(?:update|delete\s+from|truncate)\s+(?:table\s+|only\s+)*credit_entry\b", re.IGNORECASE)
    texts = {path: path.read_text() for path in sorted(SOURCE.rglob("*.py"))}

    assert [str(path) for path, text in texts.items() if writing.search(text)] == []
    assert [path.name for path, text in texts.items() if "insert into credit_entry" in text] == ["ledger.py"]


def statements_of(path: Path) -> Iterator[tuple[str, str]]:
    """The SQL texts of a module; what is put in at run time from a constant is put in here too."""
    tree = ast.parse(path.read_text())
    name = ".".join(("patron", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    for node in ast.walk(tree):
        if id(node) in prose or id(node) in inner:
            continue
        text = node.value if isinstance(node, ast.Constant) else node if isinstance(node, ast.JoinedStr) else None
        if isinstance(text, ast.JoinedStr):
            text = rendered(text, name)
        if isinstance(text, str) and _SQL.search(text):
            text = re.sub(r"\{\w*\}", "", text)  # places for str.format
            sql = text if re.match(r"\s*(select|insert|update|delete|with)\b", text) else f"select {text}"
            yield f"{path.relative_to(SOURCE)}:{node.lineno}", sql


def rendered(text: ast.JoinedStr, module: str) -> str:
    """An f-string with its constants; for what is only known at run time, a name that stands for a tenant's table."""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else value_of(part.value, module)
        for part in text.values
        if isinstance(part, ast.Constant | ast.FormattedValue)
    )


def value_of(expression: ast.expr, module: str) -> str:
    """The value of an expression over a module's constants."""
    try:
        return str(
            eval(compile(ast.Expression(expression), "sql", "eval"), dict(vars(importlib.import_module(module))))
        )
    except NameError:
        return LATER
