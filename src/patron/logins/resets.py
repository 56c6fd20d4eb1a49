"""Setting a password anew by a link in a mail: single use, 72 hours, the newest counts (Kibo behaviour 6.3)."""

from datetime import datetime

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.secrets import digest, random_token, same
from patron.logins import mails, queries
from patron.logins.actions import Credential, change_password
from patron.logins.model import RESET_LIFE, RESETS_MAX, RESETS_WITHIN


async def request_reset(ctx: Ctx, customer_set: str, name: str) -> bool:
    """Mail a link to whoever signs in by this name; answers whether there is such a login with an address.

    The newest link counts. Beyond ten in an hour no further mail goes out: it is a mailbox, not a target.
    """
    login = await queries.by_name(ctx, customer_set, name)
    if login is None or not login.email or not login.is_active:
        return False
    recent = await ctx.db.value(
        "select count(*) from password_reset where tenant_id = $1 and account_id = $2 and created_at > $3",
        ctx.tenant_id,
        login.account_id,
        ctx.now - RESETS_WITHIN,
    )
    if recent >= RESETS_MAX:
        return True
    token = random_token(20)
    await ctx.db.execute(
        """
        insert into password_reset (tenant_id, account_id, digest, created_at, expires_at) values ($1, $2, $3, $4, $5)
        """,
        ctx.tenant_id,
        login.account_id,
        digest(token),
        ctx.now,
        ctx.now + RESET_LIFE,
    )
    await events.record(ctx, "login.reset_requested", account_id=login.account_id)
    await mails.reset(ctx, login.account_id, login.email, login.user_id, token)
    return True


async def reset_password(ctx: Ctx, customer_set: str, name: str, token: str, credential: Credential) -> None:
    """Set a password with a token from a mail, which also unlocks (Kibo behaviour 6.3).

    Raises Invalid for a token that is wrong, old, used, or not the newest; unknown names are answered alike.
    """
    login = await queries.by_name(ctx, customer_set, name)
    row = None
    if login is not None:
        row = await ctx.db.row(
            """
            select id, digest, expires_at, used_at from password_reset
            where tenant_id = $1 and account_id = $2 order by id desc limit 1 for update
            """,
            ctx.tenant_id,
            login.account_id,
        )
    if login is None or row is None or not _is_good(row["expires_at"], row["used_at"], row["digest"], token, ctx.now):
        raise Invalid.field("confirmationCode", "is not valid (any more)")
    await ctx.db.execute(
        "update password_reset set used_at = $3 where tenant_id = $1 and id = $2", ctx.tenant_id, row["id"], ctx.now
    )
    await change_password(ctx, login.account_id, credential, unlock=True)


def _is_good(expires_at: datetime, used_at: datetime | None, stored: bytes, token: str, now: datetime) -> bool:
    return used_at is None and now < expires_at and same(stored, digest(token))
