"""Setting a password anew by a link in a mail: single use, 72 hours, the newest counts (Kibo behaviour 6.3)."""

from datetime import datetime

import msgspec

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Row
from patron.kernel.errors import Invalid
from patron.kernel.secrets import digest, random_token, same
from patron.logins import mails, queries
from patron.logins.actions import Credential, change_password
from patron.logins.model import RESET_LIFE, RESETS_MAX, RESETS_WITHIN, Login
from patron.logins.pace import Pace


async def request_reset(ctx: Ctx, customer_set: str, name: str) -> bool:
    """Mail a link to whoever signs in by this name; answers whether there is such a login with an address.

    The newest link counts. Beyond ten in an hour no further mail goes out: it is a mailbox, not a target.
    """
    Pace().hold(ctx)
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
    await mails.reset(ctx, login, token)
    return True


class Reset(msgspec.Struct, frozen=True):
    """A reset by its number, and whose it is."""

    id: int
    account_id: int


async def check(ctx: Ctx, customer_set: str, name: str, token: str) -> Reset:
    """The reset whose token from a mail may set a password now.

    `name` is the user name or e-mail address, or the user id that stands in the link. Raises Invalid for a token that
    is wrong, old, used, or not the newest; names that nobody has are answered alike.
    """
    login = await _login_of(ctx, customer_set, name)
    newest = await _newest(ctx, login.account_id) if login else None
    if login is None or newest is None or not _is_good(newest, token, ctx.now):
        raise Invalid.field("confirmationCode", "is not valid (any more)")
    return Reset(newest["id"], login.account_id)


async def _login_of(ctx: Ctx, customer_set: str, name: str) -> Login | None:
    login = await queries.by_name(ctx, customer_set, name)
    if login is None and len(name) == 32:
        account = await account_queries.by_user_id(ctx, name)
        login = await queries.get(ctx, account.id) if account and account.has_login else None
    return login


async def _newest(ctx: Ctx, account_id: int) -> Row | None:
    return await ctx.db.row(
        """
        select id, digest, expires_at, used_at from password_reset
        where tenant_id = $1 and account_id = $2 order by id desc limit 1
        """,
        ctx.tenant_id,
        account_id,
    )


def _is_good(reset: Row, token: str, now: datetime) -> bool:
    return reset["used_at"] is None and now < reset["expires_at"] and same(reset["digest"], digest(token))


async def reset_password(ctx: Ctx, customer_set: str, name: str, token: str, credential: Credential) -> None:
    """Set a password with a token from a mail, once, which also unlocks (Kibo behaviour 6.3). Raises Invalid."""
    account_id = (await check(ctx, customer_set, name, token)).account_id
    await accounts.lock(ctx, account_id)
    reset = await check(ctx, customer_set, name, token)  # it may have been used while we waited for the account
    await use(ctx, reset)
    await change_password(ctx, account_id, credential, unlock=True, by=f"reset/{reset.id}")


async def use(ctx: Ctx, reset: Reset) -> None:
    """Write down that a reset sets a password. It, and whatever was made beside it, is worth nothing any more."""
    await ctx.db.execute(
        """
        update password_reset set used_at = $3, version = version + 1, updated_at = $3,
               reset_at = case when id = $4 then $3 else reset_at end
        where tenant_id = $1 and account_id = $2 and used_at is null
        """,
        ctx.tenant_id,
        reset.account_id,
        ctx.now,
        reset.id,
    )
