"""Store credit and gift cards: a double-entry ledger."""

from alembic import op

from patron.migrations.sql import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The index first, beside the traffic: what happened to a credit is found in the events by its subject."""
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists event_credit")  # of a run that was interrupted
        op.execute(
            "create index concurrently event_credit on event (tenant_id, subject, id) where subject like 'credit/%'"
        )
    run("0006_credits")
