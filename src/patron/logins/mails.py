"""What we write to people about their login. A tenant's settings can suppress each kind (Kibo behaviour 6.3)."""

from patron.accounts.model import Account
from patron.kernel.context import Ctx
from patron.kernel.values import email_key
from patron.logins.model import CODE_LIFE, RESET_LIFE, Login
from patron.mails import kinds
from patron.mails.actions import facts_of_shop, send
from patron.mails.model import Kind


async def welcome(ctx: Ctx, account: Account) -> None:
    """A login was made."""
    await send(ctx, kinds.CREATED, account.email, locale=account.locale, account_id=account.id)


async def reset(ctx: Ctx, login: Login, token: str) -> None:
    """The link with which a password can be set anew (Kibo behaviour 6.3)."""
    shop_url = facts_of_shop(ctx.at_site)["shop_url"]
    facts = {
        "link": f"{shop_url}/user/resetpasswordconfirm?t={token}&u={login.user_id}",
        "hours": str(int(RESET_LIFE.total_seconds() // 3600)),
    }
    await send(ctx, kinds.RESET, login.email, facts, locale=login.locale, account_id=login.account_id)


async def password_changed(ctx: Ctx, login: Login) -> None:
    """The password is another one now."""
    await send(ctx, kinds.PASSWORD_UPDATED, login.email, locale=login.locale, account_id=login.account_id)


async def email_changed(ctx: Ctx, before: Account, after: Account) -> None:
    """The address is another one now: told to the old and the new."""
    addresses = {email_key(email): email for email in (before.email, after.email) if email}
    facts = {"email": after.email or ""}
    for email in addresses.values():
        await send(ctx, kinds.EMAIL_UPDATED, email, facts, locale=after.locale, account_id=after.id)


async def code(ctx: Ctx, kind: Kind, login: Login, digits: str) -> None:
    """A one-time code."""
    await _to(ctx, kind, login, code=digits, minutes=str(int(CODE_LIFE.total_seconds() // 60)))


async def second_factor_failed(ctx: Ctx, login: Login) -> None:
    """Somebody who knew the password typed wrong codes."""
    await _to(ctx, kinds.SECOND_FACTOR_FAILED, login)


async def second_factor_changed(ctx: Ctx, login: Login, name: str, *, is_added: bool) -> None:
    """An authenticator app was added or removed."""
    await _to(ctx, kinds.SECOND_FACTOR_ADDED if is_added else kinds.SECOND_FACTOR_REMOVED, login, name=name)


async def recovery_code_used(ctx: Ctx, login: Login, left: int) -> None:
    """Somebody signed in with a recovery code."""
    await _to(ctx, kinds.RECOVERY_CODE_USED, login, left=str(left))


async def _to(ctx: Ctx, kind: Kind, login: Login, **facts: str) -> None:
    await send(ctx, kind, login.email, facts, locale=login.locale, account_id=login.account_id)
