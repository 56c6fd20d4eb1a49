"""Shopper tickets, in this dialect: sign in, refresh, anonymous (Kibo behaviour 8)."""

from typing import Any

import msgspec

from patron.customers import queries as customers
from patron.customers.model import CHILDREN
from patron.kernel.caller import Actor
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Forbidden, Invalid, Unauthenticated
from patron.kernel.secrets import random_token
from patron.kibo.account_bodies import CustomerAccount, shown
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.wire import Given, Int32, Time, Wire, time
from patron.logins import actions, sign_in, tickets, waiting
from patron.logins.model import FINGERPRINT_LENGTH_MAX, Login
from patron.tenants import queries as tenants
from patron.web.operations import Answer, Call, Operation, Param

# One and the same for unknown names, wrong passwords, disabled accounts and delays (Kibo behaviour 3.2).
_SIGN_IN_FAILED = "The user name or the password is wrong."


class CustomerAuthTicket(Wire):
    """What signing in gives. Both access tokens are the same signed JWT.

    With `requires2FA` it is no ticket yet: the access token is good for `2fa/request` only.
    """

    access_token: str | None = None
    access_token_expiration: Given[Time] = None
    customer_account: CustomerAccount | None = None
    jwt_access_token: str | None = None
    refresh_token: str | None = None
    refresh_token_expiration: Given[Time] = None
    requires2_fa: bool = msgspec.field(name="requires2FA", default=False)
    user_id: str | None = None


class CustomerUserAuthInfo(Wire):
    """Who wants to sign in."""

    account_id: Int32 | None = None
    auth_ticket_ttl_minutes: float | None = None
    fingerprint: str | None = None
    password: str | None = None
    refresh_token_ttl_minutes: float | None = None
    region: str | None = None
    username: str | None = None


async def shown_ticket(ctx: Ctx, ticket: tickets.Ticket, *, is_last: bool = False) -> CustomerAuthTicket:
    """A ticket with its account, as the shopper may see it. `is_last`: no change that waits is one of the account."""
    account = None
    if ticket.account_id is not None:
        actor = Actor("shopper", ctx.actor.application, ticket.user_id, ticket.account_id)
        as_shopper = msgspec.structs.replace(ctx, actor=actor)
        account = shown(as_shopper, await customers.get(ctx, ticket.account_id, CHILDREN - {"notes"}, is_last=is_last))
    return CustomerAuthTicket(
        access_token=ticket.access_token,
        access_token_expiration=time(ticket.access_expires_at),
        customer_account=account,
        jwt_access_token=ticket.access_token,
        refresh_token=ticket.refresh_token,
        refresh_token_expiration=time(ticket.refresh_expires_at),
        user_id=ticket.user_id,
    )


async def lifetimes(ctx: Ctx, body: Any) -> tickets.Lifetimes:
    """How long the tickets shall live that a sign-in or sign-up asks for. Raises Forbidden, Invalid."""
    policy = await tenants.policy(ctx)
    return tickets.lifetimes(ctx, policy, body.auth_ticket_ttl_minutes, body.refresh_token_ttl_minutes)


async def check_lifetimes(ctx: Ctx, body: Any) -> None:
    """The same before a password is hashed: nothing to look up unless the caller asks for some."""
    if body.auth_ticket_ttl_minutes is not None or body.refresh_token_ttl_minutes is not None:
        await lifetimes(ctx, body)


async def issue(ctx: Ctx, body: Any, *, user_id: str, account_id: int) -> CustomerAuthTicket:
    """The first ticket of a sign-up. `body` may ask for lifetimes."""
    return await give(
        ctx, await lifetimes(ctx, body), user_id=user_id, account_id=account_id, anonymous_user_id=anonymous_of(ctx)
    )


def anonymous_of(ctx: Ctx) -> str | None:
    """The anonymous shopper who is signing in or up, if the caller said so."""
    return ctx.actor.user_id if ctx.actor.kind == "shopper" and ctx.actor.account_id is None else None


async def give(
    ctx: Ctx,
    life: tickets.Lifetimes,
    *,
    user_id: str,
    account_id: int,
    anonymous_user_id: str | None,
    is_last: bool = False,
) -> CustomerAuthTicket:
    """The first ticket of whoever has proved who they are. `is_last` as for `shown_ticket`."""
    await actions.link_anonymous(ctx, anonymous_user_id, account_id)
    ticket = await tickets.issue(
        ctx,
        application_id=ctx.application_id,
        user_id=user_id,
        account_id=account_id,
        life=life,
        previous_anonymous_id=anonymous_user_id,
    )
    return await shown_ticket(ctx, ticket, is_last=is_last)


async def wait(
    ctx: Ctx, login: Login, life: tickets.Lifetimes, fingerprint: bytes | None, region: str | None
) -> CustomerAuthTicket:
    """What somebody gets whose second factor is asked for. Raises Forbidden, TooMany."""
    ticket = await waiting.begin(
        ctx, login, life=life, fingerprint=fingerprint, region=region, anonymous_user_id=anonymous_of(ctx)
    )
    return CustomerAuthTicket(
        access_token=ticket.access_token,
        access_token_expiration=time(ticket.access_expires_at),
        requires2_fa=True,
        user_id=ticket.user_id,
    )


def check_open(login: Login) -> None:
    """Refuse a login that may not be used, which is told to whom has proved to own it. Raises Forbidden."""
    if login.is_locked:
        raise Forbidden("This user account is locked.")
    if login.must_change:
        raise Forbidden("The password must be changed before signing in: ask for a reset.")


def check_device(fingerprint: str | None, region: str | None) -> None:
    """Limits on what a device says of itself. Raises Invalid."""
    for name, text in (("fingerprint", fingerprint), ("region", region)):
        if text is not None and len(text) > FINGERPRINT_LENGTH_MAX:
            raise Invalid.field(name, f"has at most {FINGERPRINT_LENGTH_MAX} characters", "too_long")


async def try_password(ctx: Ctx, call: Call) -> sign_in.Attempt:
    """Before the transaction: hash what was typed. Raises Forbidden for lifetimes, Invalid, TooMany."""
    body: CustomerUserAuthInfo = call.body
    await check_lifetimes(ctx, body)
    faults = Faults()
    for name, text in (("user_name", body.username), ("password", body.password)):
        with faults.of():
            if not text:
                raise Invalid.field(name, "is needed", "missing")
    with faults.of():
        check_device(body.fingerprint, body.region)
    faults.tell()
    return await sign_in.try_name(ctx, body.username or "", body.password or "", body.fingerprint)


async def create_user_ticket(ctx: Ctx, call: Call) -> Any:
    """Sign a shopper in by user name or e-mail address."""
    attempt: sign_in.Attempt = call.prepared
    if attempt.login is None:
        raise Unauthenticated(_SIGN_IN_FAILED)
    body: CustomerUserAuthInfo = call.body
    policy = await tenants.policy(ctx)
    done = await actions.finish_sign_in(ctx, attempt, body.region, policy.second_factor)
    if done is None or body.account_id not in (None, done.login.account_id):
        raise Unauthenticated(_SIGN_IN_FAILED)
    check_open(done.login)
    life = tickets.lifetimes(ctx, policy, body.auth_ticket_ttl_minutes, body.refresh_token_ttl_minutes)
    if done.waits:
        return await wait(ctx, done.login, life, attempt.fingerprint, body.region)
    return await give(
        ctx,
        life,
        user_id=done.login.user_id,
        account_id=done.login.account_id,
        anonymous_user_id=anonymous_of(ctx),
        is_last=True,
    )


async def create_anonymous_ticket(ctx: Ctx, _call: Call) -> Any:
    """A ticket for somebody who has not signed in: a fresh user id."""
    life = tickets.lifetimes(ctx, await tenants.policy(ctx), None, None, anonymous=True)
    ticket = await tickets.issue(
        ctx, application_id=ctx.application_id, user_id=random_token(), account_id=None, life=life
    )
    return await shown_ticket(ctx, ticket)


async def refresh_ticket(ctx: Ctx, call: Call) -> Any:
    """The next ticket for a refresh token."""
    ticket = await tickets.refresh(
        ctx,
        call.need("refreshToken"),
        application_id=ctx.application_id,
        account_id=call.query.get("accountId"),
    )
    if ticket is None:
        return Answer(refusal=Unauthenticated("invalid_token: the refresh token is not valid (any more)."))
    return await shown_ticket(ctx, ticket, is_last=True)


_PATH = "/commerce/customer/authtickets"
_OPEN: dict[str, Any] = {"group": "StorefrontAuthTicket", "shopper": "open", "changes": True}

OPERATIONS = (
    Operation(
        id="createUserAuthTicket", method="POST", path=_PATH, handler=create_user_ticket, before=try_password,
        query=(RESPONSE_FIELDS,), body=CustomerUserAuthInfo, answer=CustomerAuthTicket, status=201, in_person=True,
        summary="Sign a shopper in", **_OPEN,
    ),
    Operation(
        id="createAnonymousShopperAuthTicket", method="GET", path=f"{_PATH}/anonymousshopper",
        handler=create_anonymous_ticket, query=(RESPONSE_FIELDS,), answer=CustomerAuthTicket,
        summary="A ticket for an anonymous shopper", **_OPEN,
    ),
    Operation(
        id="refreshUserAuthTicket", method="PUT", path=f"{_PATH}/refresh", handler=refresh_ticket,
        query=(Param("refreshToken"), Param("accountId", "number"), RESPONSE_FIELDS), answer=CustomerAuthTicket,
        summary="The next ticket for a refresh token", **_OPEN,
    ),
)  # fmt: skip
