"""Trying the password of a user of the organization: outside the change's transaction, in turn, with a delay that
grows as at shoppers' (Kibo behaviour 6.4).

What counts is the address that was typed, whether anybody has it or not, and all wrong ways are answered alike, after
the same work: nobody learns who works here.
"""

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.values import EMAIL_LENGTH_MAX, email_key
from patron.logins import queries as failures
from patron.logins import strikes
from patron.logins.model import PASSWORD_TYPED_MAX, failure_key
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
    key, counted = failures_key(email), ctx.secrets.passwords.counted
    before = await failures.failures(ctx, key)
    found = await queries.password_of(ctx, email)
    async with ctx.secrets.passwords.turn() as turn:
        if ctx.secrets.passwords.counted != counted:
            before = await failures.failures(ctx, key)
        if before.is_delayed(ctx.now):
            return None
        user, hashed = found or (None, None)
        CHECKS.inc()
        if await turn.matches(password, hashed) and user is not None and hashed is not None:
            renewed = await turn.hash(password) if turn.is_dated(hashed) else hashed
            return user if await _succeed(ctx, user, key, hashed, renewed) else None
        await _count_failure(ctx, user, key, before.count)
    return None


async def _succeed(ctx: Ctx, user: User, key: bytes, tried: str, renewed: str) -> bool:
    """The count begins anew, and a hash that is not as ours are today is replaced.

    False when the password was changed while it waited to be tried, or the user may not come in any more.
    """
    async with ctx.db.transaction():
        is_same = await ctx.db.execute(
            """
            update staff set password_hash = $4
            where tenant_id = $1 and id = $2 and is_active and password_hash = $3
            """,
            ctx.tenant_id,
            user.id,
            tried,
            renewed,
        )
        if is_same:
            await strikes.clear(ctx, key)
    return bool(is_same)


async def _count_failure(ctx: Ctx, user: User | None, key: bytes, before: int) -> None:
    """One commit whoever it was."""
    async with ctx.db.transaction():
        await strikes.count_password(ctx, key, before)
        if user is not None:
            await events.record(ctx, "user.sign_in_failed", subject=f"user/{user.id}")
        else:
            await events.feign(ctx, "user.sign_in_failed")
