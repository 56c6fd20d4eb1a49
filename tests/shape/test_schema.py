"""The rules of the schema that let it grow from one laptop to distributed PostgreSQL (DESIGN 2, scale-out)."""

import re

import pytest_asyncio

from patron.kernel import refusals
from patron.kernel.db import Database, Row
from statements import SHARED, migrated

# Shared tables that keep a tenant's id for looking it up, not as a wall.
_DIRECTORIES = {"application_directory"}
_NAMED = {"u", "f", "c", "x"}  # unique, foreign key, check, exclusion: their names become our errors


@pytest_asyncio.fixture(scope="module")
async def columns(database: Database) -> dict[str, list[str]]:
    """The columns of every table, in order."""
    rows = await database.session().fetch(
        """
        select c.relname, array_agg(a.attname::text order by a.attnum) as columns
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition
        group by c.relname
        """
    )
    return {row["relname"]: row["columns"] for row in rows if row["relname"] != "alembic_version"}


@pytest_asyncio.fixture(scope="module")
async def indexes(database: Database, columns: dict[str, list[str]]) -> list[Row]:
    """Every index of a tenant's table: its name, its first column, whether it is unique or the primary key."""
    return await database.session().fetch(
        """
        select t.relname as table, i.relname as name, x.indisunique, x.indisprimary,
               pg_get_indexdef(x.indexrelid, 1, true) as first
        from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
        where t.relname = any($1)
        """,
        sorted(columns.keys() - SHARED.keys()),
    )


@pytest_asyncio.fixture(scope="module")
async def constraints(database: Database, columns: dict[str, list[str]]) -> list[Row]:
    """Every constraint of our tables."""
    return await database.session().fetch(
        """
        select t.relname as table, c.conname as name, c.contype::text as kind, c.confdeltype::text as on_delete,
               c.confupdtype::text as on_update, pg_get_constraintdef(c.oid) as definition,
               f.relname as target
        from pg_constraint c join pg_class t on t.oid = c.conrelid left join pg_class f on f.oid = c.confrelid
        where t.relname = any($1) and c.contype <> 'n'
        """,
        sorted(columns),
    )


def test_tables_without_a_tenant_are_exactly_the_shared_ones(columns: dict[str, list[str]]) -> None:
    without = {table for table, names in columns.items() if "tenant_id" not in names}
    assert without | _DIRECTORIES == SHARED.keys()
    assert migrated().tenants == columns.keys() - SHARED.keys()


def test_the_tenant_is_the_first_column_of_every_table_of_tenants(columns: dict[str, list[str]]) -> None:
    assert {table: names[0] for table, names in columns.items() if names[0] != "tenant_id"}.keys() <= SHARED.keys()


def test_the_tenant_stands_first_in_every_index(indexes: list[Row]) -> None:
    assert {row["name"]: row["first"] for row in indexes if row["first"] != "tenant_id"} == {}


def test_every_table_of_tenants_has_a_primary_key(indexes: list[Row], columns: dict[str, list[str]]) -> None:
    assert {row["table"] for row in indexes if row["indisprimary"]} == columns.keys() - SHARED.keys()


def test_foreign_keys_carry_the_tenant_and_never_set_null(constraints: list[Row]) -> None:
    keys = [row for row in constraints if row["kind"] == "f"]
    assert len(keys) > 15
    for row in keys:
        own, target = re.findall(r"\(([^)]+)\)", row["definition"])[:2]
        assert own.split(", ")[0] == target.split(", ")[0] == "tenant_id", row["definition"]
        assert row["on_delete"] in ("c", "a", "r"), row["name"]
        assert row["on_update"] in ("a", "r"), row["name"]
        assert row["target"] not in SHARED, row["name"]


def test_names_of_constraints_become_our_errors(constraints: list[Row], indexes: list[Row]) -> None:
    names = [row["name"] for row in constraints if row["kind"] in _NAMED and row["table"] not in SHARED]
    names += [row["name"] for row in indexes if row["indisunique"] and not row["indisprimary"]]
    assert len(names) > 30
    assert [name for name in names if not refusals._CONSTRAINT.match(name)] == []


def test_a_constraint_says_what_it_guards(constraints: list[Row], indexes: list[Row]) -> None:
    meanings = {"f": {"missing", "used"}, "u": {"taken"}, "c": {"invalid"}}
    for row in constraints:
        if "__" in row["name"] and row["kind"] in meanings:
            assert row["name"].rsplit("__", 1)[1] in meanings[row["kind"]], row["name"]
    for row in indexes:
        if "__" in row["name"]:
            assert row["name"].endswith("__taken"), row["name"]


def test_names_of_constraints_are_not_cut(constraints: list[Row], indexes: list[Row]) -> None:
    assert max(len(row["name"]) for row in [*constraints, *indexes]) < 63


async def test_there_are_no_triggers_and_no_functions_of_ours(database: Database) -> None:
    session = database.session()
    triggers = await session.fetch("select tgname from pg_trigger where not tgisinternal")
    functions = await session.fetch(
        """
        select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        """
    )
    assert [*triggers, *functions] == []


async def test_ids_and_counts_are_bigint(database: Database) -> None:
    narrow = await database.session().fetch(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'public' and data_type in ('integer', 'numeric', 'real', 'double precision', 'money')
        """
    )
    assert narrow == []


async def test_times_carry_their_zone_and_tables_say_what_they_are_for(database: Database) -> None:
    session = database.session()
    bare = await session.fetch(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'public' and data_type in ('timestamp without time zone', 'date', 'time without time zone')
        """
    )
    silent = await session.fetch(
        """
        select c.relname from pg_class c
        where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and not c.relispartition
        and obj_description(c.oid, 'pg_class') is null and c.relname <> 'alembic_version'
        """
    )
    assert [*bare, *silent] == []


async def test_foreign_keys_have_an_index_to_follow_them_back(database: Database) -> None:
    """Else deleting an account would read whole tables. Small tables, never deleted from, are left out."""
    rows = await database.session().fetch(
        """
        select c.conname from pg_constraint c
        where c.contype = 'f' and c.confdeltype = 'c' and not exists (
            select from pg_index x where x.indrelid = c.conrelid
            and (x.indkey::smallint[])[0:cardinality(c.conkey) - 1] = c.conkey)
        """
    )
    assert {row["conname"] for row in rows} <= {"family__application__missing"}
