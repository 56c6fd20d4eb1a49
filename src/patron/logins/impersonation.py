"""Acting for a shopper: a service agent takes over a cart, seen as the shopper (Kibo behaviour 8.5).

The tickets are the shopper's, but each names who acts and on which cart, and so does every event that comes of them.
They are good for a quarter of an hour and can be renewed for an hour in all, by the application that began, as long as
it may. `Ctx.require_owner` keeps them from whatever proves or changes how the shopper signs in.
"""

from datetime import datetime

import msgspec

from patron.accounts import actions as accounts
from patron.accounts import queries as account_queries
from patron.accounts.model import Account
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import Faults, Forbidden, Invalid, NotFound, Refused
from patron.logins import queries, tickets
from patron.logins.tickets import Impersonation, Lifetimes, Ticket
from patron.tenants import queries as tenants

ACCESS_MINUTES = 15
REFRESH_MINUTES = 60
ID_LENGTH_MAX = 100


async def start(
    ctx: Ctx, *, cart_id: str | None, account_id: int | None, user_id: str | None, impersonator_id: str | None = None
) -> Ticket:
    """A ticket for the owner of a cart: an account, or an anonymous shopper whom the user id alone names.

    `impersonator_id` is the agent who acts, as the application knows them. The cart lives elsewhere and is not looked
    up. Raises Invalid, NotFound, Refused for an account that is disabled, and Forbidden for a locked login.
    """
    _check(cart_id, account_id, user_id, impersonator_id)
    assert cart_id
    account = await _account(ctx, account_id, user_id)
    owner = account.user_id if account else user_id
    if owner is None:
        raise Refused("account_without_user", "This account has no user for whom somebody could act.")
    application = ctx.actor.application or ctx.actor.name
    impersonation = Impersonation(f"{application}/{impersonator_id}" if impersonator_id else application, cart_id)
    ticket = await tickets.issue(
        ctx,
        application_id=ctx.application_id,
        user_id=owner,
        account_id=account.id if account else None,
        life=await _life(ctx),
        impersonation=impersonation,
    )
    actor = msgspec.structs.replace(ctx.actor, impersonator=impersonation.impersonator)
    await events.record(
        msgspec.structs.replace(ctx, actor=actor),
        "impersonation.started",
        account_id=ticket.account_id,
        subject=f"user/{owner}",
        changes={"impersonated_cart": (None, cart_id)},
    )
    return ticket


def _check(cart_id: str | None, account_id: int | None, user_id: str | None, impersonator_id: str | None) -> None:
    faults = Faults()
    for name, text in (("cart_id", cart_id), ("impersonator_id", impersonator_id)):
        with faults.of():
            if text is not None and len(text) > ID_LENGTH_MAX:
                raise Invalid.field(name, f"has at most {ID_LENGTH_MAX} characters", "too_long")
    with faults.of():
        if not cart_id or not cart_id.strip():
            raise Invalid.field("cart_id", "is needed", "missing")
    with faults.of():
        if account_id is None and not user_id:
            raise Invalid.field("user_id", "or accountId is needed: whose cart it is", "missing")
    faults.tell()


async def _account(ctx: Ctx, account_id: int | None, user_id: str | None) -> Account | None:
    """The account that is meant, locked, so that none is being disabled meanwhile; None for an anonymous shopper."""
    if account_id is None:
        assert user_id
        found = await account_queries.by_user_id(ctx, user_id)
        if found is None:
            if not await queries.is_anonymous_shopper(ctx, user_id):
                raise NotFound("user", user_id[:60])
            return None
        account_id = found.id
    account = await accounts.lock(ctx, account_id)
    if user_id and account.user_id != user_id:
        raise Invalid.field("user_id", "is not the user of this account")
    if account.customer_set != ctx.at_site.customer_set:
        raise Refused("other_customer_set", "This account belongs to another customer set than the site.")
    if not account.is_active:
        raise Refused("account_disabled", "This account is disabled.")
    if account.is_locked:
        raise Forbidden("This user account is locked.")
    return account


async def _life(ctx: Ctx) -> Lifetimes:
    """Never longer than a shopper's own tickets."""
    policy = await tenants.policy(ctx)
    return Lifetimes(
        access_seconds=60 * min(ACCESS_MINUTES, policy.access_minutes),
        refresh_seconds=60 * min(REFRESH_MINUTES, policy.refresh_minutes),
    )


async def end_all(db: Session, tenant_id: int, application_id: int, now: datetime) -> None:
    """End for good what an application has begun, when it is disabled: its tickets do not come back with it."""
    await db.execute(
        """
        update ticket_family set ended_at = $3
        where tenant_id = $1 and application_id = $2 and impersonator is not null and ended_at is null
        """,
        tenant_id,
        application_id,
        now,
    )
