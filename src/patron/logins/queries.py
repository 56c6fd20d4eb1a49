"""Reads of logins and tickets."""

from patron.kernel.db import Session
from patron.logins.tickets import Shopper


async def is_alive(db: Session, shopper: Shopper) -> bool:
    """Whether the sign-in that a shopper's token came from has not been ended."""
    return bool(
        await db.value(
            "select exists (select from ticket_family where tenant_id = $1 and id = $2 and ended_at is null)",
            shopper.tenant_id,
            shopper.family_id,
        )
    )
