"""Mails to send: queued in the change's own transaction, sent by the worker.

Bodies are encrypted in the database, because they carry links that open accounts.
"""

import msgspec

from patron.kernel.context import Ctx

BODY_PURPOSE = "mail body"


class Body(msgspec.Struct, frozen=True):
    """The text of a mail."""

    text: str


async def queue(ctx: Ctx, kind: str, recipient: str, subject: str, text: str, *, account_id: int | None = None) -> None:
    """Have the worker send a mail. `kind` is what a tenant's settings can suppress."""
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
        ctx.secrets.vault.seal(msgspec.json.encode(Body(text)), BODY_PURPOSE),
        ctx.now,
    )
