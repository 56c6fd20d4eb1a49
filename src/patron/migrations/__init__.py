"""The schema's history: SQL-first Alembic revisions, forward only."""
