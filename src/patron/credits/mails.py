"""What we write to people about their credit. A tenant's settings can suppress each kind."""

from patron.accounts import queries as accounts
from patron.credits.model import Credit, money
from patron.kernel import mail
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound, Refused
from patron.tenants import queries as tenants

STORE_CREDIT_CREATED = "storeCreditCreated"
STORE_CREDIT_UPDATED = "storeCreditUpdated"
GIFT_CARD_CREATED = "giftCardCreated"


async def issued(ctx: Ctx, credit: Credit, *, user_id: str | None = None) -> None:
    """A credit is the customer's now. Nothing is sent without a site, whose shop it would be from.

    `user_id` is the user of the account who gets it. Raises NotFound for a user whom the account does not have.
    """
    gift = credit.kind == "GiftCard"
    await _send(
        ctx,
        GIFT_CARD_CREATED if gift else STORE_CREDIT_CREATED,
        credit,
        "Your gift card" if gift else "Your store credit",
        f"You have {'a gift card' if gift else 'store credit'} of {money(credit.balance_minor, credit.currency)}.",
        user_id,
    )


async def changed(ctx: Ctx, credit: Credit) -> None:
    """The shop changed a credit of the customer's, or added to it."""
    await _send(
        ctx,
        STORE_CREDIT_UPDATED,
        credit,
        "Your store credit has changed",
        f"There are {money(credit.balance_minor, credit.currency)} on your credit now.",
    )


async def again(ctx: Ctx, credit: Credit, *, user_id: str | None = None) -> None:
    """Send the first mail once more. Raises NotFound, and Refused for a credit that nobody has."""
    if credit.account_id is None:
        raise Refused("credit_unclaimed", "This credit has no customer whom a mail could go to.")
    ctx.at_site  # noqa: B018 - refuses a call without one
    await issued(ctx, credit, user_id=user_id)


async def _send(ctx: Ctx, kind: str, credit: Credit, subject: str, says: str, user_id: str | None = None) -> None:
    if user_id is not None:
        user = await accounts.by_user_id(ctx, user_id)
        if user is None or user.id != credit.account_id:
            raise NotFound("user", user_id[:60])
    if credit.account_id is None or ctx.site is None:
        return
    account = await accounts.get(ctx, credit.account_id)
    if not account.email or kind in (await tenants.policy(ctx)).suppressed_mails:
        return
    text = f"{says}\n\nIts code is {credit.code}. It is good until {credit.expires_at:%Y-%m-%d} at {ctx.site.name}."
    await mail.queue(ctx, kind, account.email, f"{subject} at {ctx.site.name}", text, account_id=account.id)
