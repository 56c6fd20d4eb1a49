"""What we write to people about their credit. A tenant's settings can suppress each kind (Kibo behaviour 11)."""

from datetime import timedelta

from patron.accounts import queries as accounts
from patron.credits.model import Credit, money
from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound, Refused
from patron.mails import kinds
from patron.mails.actions import send
from patron.mails.model import Kind


async def issued(ctx: Ctx, credit: Credit, *, user_id: str | None = None) -> None:
    """A credit is the customer's now. Nothing is sent without a customer, or a site whose shop it would be from.

    `user_id` is the user of the account who gets it. Raises NotFound for a user whom the account does not have.
    """
    if user_id is not None:
        user = await accounts.by_user_id(ctx, user_id)
        if user is None or user.id != credit.account_id:
            raise NotFound("user", user_id[:60])
    await _send(ctx, kinds.GIFT_CARD_CREATED if credit.kind == "GiftCard" else kinds.STORE_CREDIT_CREATED, credit)


async def changed(ctx: Ctx, credit: Credit) -> None:
    """The shop changed a credit of the customer's, or added to it."""
    await _send(ctx, kinds.STORE_CREDIT_UPDATED, credit)


async def again(ctx: Ctx, credit: Credit, *, user_id: str | None = None) -> None:
    """Send the first mail once more. Raises Invalid without a site, NotFound for a user whom the account does not have,
    and Refused for a credit that nobody has.
    """
    if credit.account_id is None:
        raise Refused("credit_unclaimed", "This credit has no customer whom a mail could go to.")
    assert ctx.at_site
    await issued(ctx, credit, user_id=user_id)


async def _send(ctx: Ctx, kind: Kind, credit: Credit) -> None:
    if credit.account_id is None or ctx.site is None:
        return
    account = await accounts.get(ctx, credit.account_id)
    facts = {
        "balance": money(credit.balance_minor, credit.currency),
        "code": credit.code,
        "expires_on": f"{credit.expires_at - timedelta(microseconds=1):%Y-%m-%d}",
    }
    await send(ctx, kind, account.email, facts, locale=account.locale, account_id=account.id)
