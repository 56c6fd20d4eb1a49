"""What we write to people about their login. A tenant's settings can suppress each kind (Kibo behaviour 6.3)."""

from patron.kernel import mail
from patron.kernel.context import Ctx
from patron.kernel.values import email_key
from patron.logins.model import RESET_LIFE
from patron.tenants import queries as tenants

CREATED = "shopperLoginCreated"
RESET = "shopperPasswordReset"
PASSWORD_UPDATED = "shopperPasswordUpdated"
EMAIL_UPDATED = "shopperEmailUpdated"


def _shop(ctx: Ctx) -> str:
    return ctx.at_site.name


def _address(ctx: Ctx) -> str:
    """Where the shop's pages are; a domain without a scheme is a public one."""
    domain = ctx.at_site.domain.rstrip("/")
    return domain if "://" in domain else f"https://{domain}"


async def welcome(ctx: Ctx, account_id: int, email: str | None) -> None:
    """A login was made."""
    await _send(
        ctx,
        CREATED,
        account_id,
        email,
        f"Welcome to {_shop(ctx)}",
        f"Your account at {_shop(ctx)} is ready. You can sign in at {_address(ctx)}.",
    )


async def reset(ctx: Ctx, account_id: int, email: str, user_id: str, token: str) -> None:
    """The link with which a password can be set anew (Kibo behaviour 6.3)."""
    link = f"{_address(ctx)}/user/resetpasswordconfirm?t={token}&u={user_id}"
    await _send(
        ctx,
        RESET,
        account_id,
        email,
        f"Set a new password for {_shop(ctx)}",
        f"Somebody, most likely you, asked for a new password at {_shop(ctx)}.\n\n"
        f"Set it here, within {int(RESET_LIFE.total_seconds() // 3600)} hours:\n{link}\n\n"
        "The link works once. If you did not ask for it, ignore this mail: nothing has changed.",
    )


async def password_changed(ctx: Ctx, account_id: int, email: str | None) -> None:
    """The password is another one now."""
    await _send(
        ctx,
        PASSWORD_UPDATED,
        account_id,
        email,
        f"Your password at {_shop(ctx)} was changed",
        f"The password of your account at {_shop(ctx)} was changed, and all devices were signed out.\n\n"
        f"If this was not you, ask for a new password at {_address(ctx)} and tell the shop.",
    )


async def email_changed(ctx: Ctx, account_id: int, before: str | None, after: str | None) -> None:
    """The address is another one now: told to the old and the new."""
    addresses = {email_key(email): email for email in (before, after) if email}
    for email in addresses.values():
        await _send(
            ctx,
            EMAIL_UPDATED,
            account_id,
            email,
            f"Your e-mail address at {_shop(ctx)} was changed",
            f"The e-mail address of your account at {_shop(ctx)} is now {after or 'removed'}.\n\n"
            "If this was not you, tell the shop.",
        )


async def _send(ctx: Ctx, kind: str, account_id: int, email: str | None, subject: str, text: str) -> None:
    if email and kind not in (await tenants.policy(ctx)).suppressed_mails:
        await mail.queue(ctx, kind, email, subject, text, account_id=account_id)
