"""Bringing the schema up to date, as machines that start together do."""

import asyncpg

from installations import Installation


async def test_machines_that_start_at_once_migrate_an_empty_database_once(installation: Installation) -> None:
    conn = await asyncpg.connect(installation.url)
    try:
        await conn.execute("drop schema public cascade")
        await conn.execute("create schema public")

        processes = [installation.start("patron.migrations") for _ in range(3)]

        assert [process.wait(60) for process in processes] == [0, 0, 0]
        assert await conn.fetchval("select count(*) from alembic_version") == 1
        assert await conn.fetchval("select to_regclass('account') is not null")
    finally:
        await conn.close()
