"""Alembic's entry point: connects with asyncpg to the database that `migrate` was given and runs the revisions."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

TURN_SECONDS = 0.2


def _run(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def _wait_for_turn(connection: AsyncConnection) -> None:
    """Several machines may start at once: one migrates, the others find it done. The lock ends with the connection.

    Asked for again and again rather than waited for: who waits in a statement holds up `create index concurrently`.
    """
    while not await connection.scalar(text("select pg_try_advisory_lock(hashtext('patron migrations'))")):
        await connection.rollback()
        await asyncio.sleep(TURN_SECONDS)
    await connection.commit()


async def _migrate() -> None:
    # asyncpg itself reads the address, so that a socket folder or any option means what it means to the server.
    address = {"dsn": context.config.attributes["database_url"]}
    engine = create_async_engine("postgresql+asyncpg://", connect_args=address, poolclass=NullPool)
    async with engine.connect() as connection:
        await _wait_for_turn(connection)
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_migrate())
