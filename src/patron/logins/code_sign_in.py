"""Signing in with a code by mail instead of a password (Kibo behaviour 8.4).

Whoever asks is answered alike, customer or not. Wrong passwords of strangers keep nobody out who can read the mail, and
wrong codes of strangers nobody whose device has signed in before.
"""

from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Forbidden
from patron.kernel.values import email_key
from patron.logins import codes, queries, strikes
from patron.logins.model import CODES_MAX, RESEND_PAUSE, Login, failure_key
from patron.logins.pace import Pace
from patron.mails import kinds
from patron.tenants.model import Policy


def check_allowed(policy: Policy) -> None:
    """Refuse where the site does without. Raises Forbidden."""
    if not policy.email_code_sign_in:
        raise Forbidden("Signing in with a code by mail is switched off here.")


def _key(account_id: int) -> bytes:
    return failure_key("sign in", account_id)


async def request(ctx: Ctx, email: str) -> None:
    """Mail a code to the login that has this address, if there is one. The same whether there is or not.

    Within 30 seconds of the last, and beyond ten an hour, none is mailed: the last one stays good.
    """
    Pace().hold(ctx)
    login = await _login_of(ctx, email)
    if login is None:
        return
    sent = await codes.sent(ctx, login.account_id, _key(login.account_id))
    if sent.count < CODES_MAX and (sent.last_at is None or ctx.now >= sent.last_at + RESEND_PAUSE):
        await codes.send(ctx, login, _key(login.account_id), kinds.SIGN_IN_CODE)


async def _login_of(ctx: Ctx, email: str) -> Login | None:
    """The login that may sign in by code at this address, its account locked; a user name is no address."""
    found = await queries.by_name(ctx, ctx.at_site.customer_set, email)
    if found is None or not _has(found, email):
        return None
    login = await queries.get(ctx, found.account_id, locks=True)
    return login if _has(login, email) else None


def _has(login: Login, email: str) -> bool:
    return login.is_active and login.email is not None and email_key(login.email) == email_key(email)


async def finish(ctx: Ctx, email: str, code: str, fingerprint: bytes | None) -> Login | None:
    """The login that a code by mail proves; None when the code is wrong, or nobody has the address.

    A return value, because a wrong code is counted, and that must stay. A locked login is the caller's to refuse.
    """
    pace = Pace()
    login = await _login_of(ctx, email)
    if login is None:
        pace.hold(ctx)
        return None
    account_id = login.account_id
    is_known = fingerprint is not None and await queries.knows_device(ctx, account_id, fingerprint)
    key = strikes.mail_key(account_id, is_known=is_known)
    if await strikes.is_out(ctx, key):
        pace.hold(ctx)
        return None
    is_right = await codes.matches(ctx, account_id, _key(account_id), code, is_known=is_known)
    if is_right:
        await strikes.clear(ctx, key)
        return login
    if is_right is False:
        await strikes.count(ctx, key)
        await events.record(ctx, "login.code_failed", account_id=account_id)
    pace.hold(ctx)
    return None
