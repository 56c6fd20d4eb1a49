"""Alembic's entry point: connects with asyncpg to the database that `migrate` was given and runs the revisions."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


def _run(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def _migrate() -> None:
    # asyncpg itself reads the address, so that a socket folder or any option means what it means to the server.
    address = {"dsn": context.config.attributes["database_url"]}
    engine = create_async_engine("postgresql+asyncpg://", connect_args=address, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_migrate())
