"""Trying the password of a user of the organization: outside the change's transaction, in turn, with a delay that
grows as at shoppers' (Kibo behaviour 6.4).

What counts is the address that was typed, whether anybody has it or not, and all wrong ways are answered alike, after
the same work: nobody learns who works here.
"""

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.values import EMAIL_LENGTH_MAX, email_key
from patron.logins import queries as failures
from patron.logins.model import PASSWORD_TYPED_MAX, delay_after, failure_key
from patron.logins.sign_in import CHECKS
from patron.staff import queries
from patron.staff.model import User


def failures_key(email: str) -> bytes:
    """Under which wrong passwords for an address count."""
    return failure_key("user", email_key(email[:EMAIL_LENGTH_MAX]))


async def try_password(ctx: Ctx, email: str, password: str) -> User | None:
    """The user whose password this is. Raises TooMany when the queue is full."""
    if len(password) > PASSWORD_TYPED_MAX or len(email) > EMAIL_LENGTH_MAX or "\0" in email:
        return None
    key = failures_key(email)
    async with ctx.secrets.passwords.turn() as turn:
        before = await failures.failures(ctx, key)
        found = await queries.password_of(ctx, email)
        if before.is_delayed(ctx.now):
            return None
        user, hashed = found or (None, None)
        CHECKS.inc()
        if await turn.matches(password, hashed) and user is not None and hashed is not None:
            renewed = await turn.hash(password) if turn.is_dated(hashed) else None
            await _count(ctx, user, key, None, renewed)
            return user
        await _count(ctx, user, key, before.count + 1, None)
    return None


async def _count(ctx: Ctx, user: User | None, key: bytes, failed: int | None, renewed: str | None) -> None:
    """Keep the outcome: one commit whoever it was."""
    async with ctx.db.transaction():
        if failed is None:
            await ctx.db.execute("delete from sign_in_failure where tenant_id = $1 and key = $2", ctx.tenant_id, key)
            if renewed is not None and user is not None:
                await ctx.db.execute(
                    "update staff set password_hash = $3 where tenant_id = $1 and id = $2",
                    ctx.tenant_id,
                    user.id,
                    renewed,
                )
            return
        delay = delay_after(failed)
        await ctx.db.execute(
            """
            insert into sign_in_failure as f (tenant_id, key, failed_count, first_at, last_at, delayed_until)
            values ($1, $2, 1, $3, $3, $4) on conflict (tenant_id, key) do update
            set failed_count = f.failed_count + 1, last_at = $3, delayed_until = $4
            """,
            ctx.tenant_id,
            key,
            ctx.now,
            ctx.now + delay if delay else None,
        )
        if user is not None:
            await events.record(ctx, "user.sign_in_failed", subject=f"user/{user.id}")
        else:
            await events.feign(ctx, "user.sign_in_failed")
