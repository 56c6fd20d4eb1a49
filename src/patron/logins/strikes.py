"""Wrong passwords and codes in a row. Wrong codes delay no password, and wrong passwords no code (Kibo behaviour 8.4).

After fifteen codes none is taken for a day: of a million codes nobody tries enough to find one. Who is known counts for
themselves, as with passwords: devices that have signed in before, and whoever knows the password.
"""

from patron.kernel.context import Ctx
from patron.logins import queries
from patron.logins.model import STRIKES_MAX, STRIKES_PAUSE, delay_after, failure_key


def mail_key(account_id: int, *, is_known: bool) -> bytes:
    """The count of codes typed without a password, on devices that have signed in before, or on others."""
    return failure_key("code", account_id, is_known)


def factor_key(account_id: int) -> bytes:
    """The count of codes typed as second factor."""
    return failure_key("second factor", account_id)


async def is_out(ctx: Ctx, key: bytes) -> bool:
    """Whether no code is taken at the moment."""
    return (await queries.failures(ctx, key)).is_delayed(ctx.now)


async def count(ctx: Ctx, key: bytes) -> None:
    """One more wrong code."""
    await ctx.db.execute(
        """
        insert into sign_in_failure as f (tenant_id, key, failed_count, first_at, last_at) values ($1, $2, 1, $3, $3)
        on conflict (tenant_id, key) do update set failed_count = f.failed_count + 1, last_at = $3,
            delayed_until = case when (f.failed_count + 1) % $4 = 0 then $5::timestamptz else f.delayed_until end
        """,
        ctx.tenant_id,
        key,
        ctx.now,
        STRIKES_MAX,
        ctx.now + STRIKES_PAUSE,
    )


async def count_password(ctx: Ctx, key: bytes, before: int) -> None:
    """One more wrong password, after so many: the next one may have to wait. In a transaction, and within the turn."""

    async def tell() -> None:
        ctx.secrets.passwords.counted += 1

    ctx.db.after_commit(tell)
    delay = delay_after(before + 1)
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


async def clear(ctx: Ctx, *keys: bytes) -> None:
    """What was right, or another password, ends the count."""
    await ctx.db.execute(
        "delete from sign_in_failure where tenant_id = $1 and key = any($2)", ctx.tenant_id, list(keys)
    )
