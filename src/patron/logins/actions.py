"""Changes of logins."""

from patron.accounts.model import Account
from patron.kernel.context import Ctx

NAME_LENGTH_MAX = 254


async def end_tickets(ctx: Ctx, account_id: int) -> None:
    """End every sign-in of an account."""


async def rename(ctx: Ctx, account: Account, *, user_name: str | None, email: str | None) -> str | None:
    """Keep the names of a login in step."""
    return user_name


async def tell_new_email(ctx: Ctx, before: Account, after: Account) -> None:
    """Tell both addresses."""
