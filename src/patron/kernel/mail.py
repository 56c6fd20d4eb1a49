"""Mails to send: queued in the change's own transaction, sent by the worker.

Bodies are encrypted in the database, because they carry links that open accounts.
"""

from datetime import datetime

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.secrets import Vault

BODY_PURPOSE = "mail body"


class Body(msgspec.Struct, frozen=True):
    """The text of a mail, and the same as HTML if it has both."""

    text: str
    html: str | None = None


async def queue(
    ctx: Ctx,
    kind: str,
    recipient: str,
    subject: str,
    text: str,
    html: str | None = None,
    *,
    account_id: int | None = None,
) -> None:
    """Have the worker send a mail that is written already; `mails.actions.send` writes one."""
    await ctx.db.execute(
        """
        insert into mail (tenant_id, site_id, account_id, kind, recipient, subject, sealed_body, created_at, next_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        """,
        ctx.tenant_id,
        ctx.site.id if ctx.site else None,
        account_id,
        kind,
        recipient,
        subject,
        ctx.secrets.vault.seal(msgspec.json.encode(Body(text, html)), BODY_PURPOSE),
        ctx.now,
    )


class Mail(msgspec.Struct, frozen=True):
    """A mail without its body. The fields stand in the order of `_COLUMNS`."""

    id: int
    kind: str
    recipient: str
    subject: str
    created_at: datetime
    next_at: datetime | None
    attempts: int
    sent_at: datetime | None
    last_error: str | None

    @property
    def state(self) -> str:
        """Sent, waiting for its next attempt, or kept: nobody will try again."""
        return "sent" if self.sent_at else "waiting" if self.next_at else "kept"


_COLUMNS = "id, kind, recipient, subject, created_at, next_at, attempts, sent_at, last_error"


async def newest(db: Session, tenant_id: int, *, limit: int) -> list[Mail]:
    """A tenant's mails, the newest first."""
    rows = await db.fetch(
        f"select {_COLUMNS} from mail where tenant_id = $1 order by id desc limit $2", tenant_id, limit
    )
    return [Mail(*row) for row in rows]


async def read(db: Session, vault: Vault, tenant_id: int, mail_id: int) -> tuple[Mail, Body]:
    """A mail with its body. Raises NotFound, or ValueError when it was sealed with another key."""
    row = await db.row(f"select {_COLUMNS}, sealed_body from mail where tenant_id = $1 and id = $2", tenant_id, mail_id)
    if row is None:
        raise NotFound("mail", mail_id)
    *facts, sealed = row
    return Mail(*facts), msgspec.json.decode(vault.open(sealed, BODY_PURPOSE), type=Body)


class Queue(msgspec.Struct, frozen=True):
    """How many mails wait, and how many of them have been tried in vain."""

    waiting: int
    late: int


async def queue_of(db: Session, tenant_id: int) -> Queue:
    """What a tenant's queue holds."""
    row = await db.row(
        """
        select count(*), count(*) filter (where last_error is not null) from mail
        where tenant_id = $1 and next_at is not null
        """,
        tenant_id,
    )
    assert row is not None
    return Queue(*row)
