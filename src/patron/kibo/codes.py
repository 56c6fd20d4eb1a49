"""One-time codes, in this dialect: as second factor, and instead of a password (Kibo behaviour 8.4)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Invalid, Unauthenticated
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.tickets import CustomerAuthTicket, anonymous_of, check_device, check_open, give, wait
from patron.kibo.wire import Wire
from patron.logins import actions, code_sign_in, waiting
from patron.logins.model import CODE_TYPED_MAX, fingerprint_digest
from patron.logins.tickets import lifetimes
from patron.tenants import queries as tenants
from patron.web.operations import Answer, Call, Operation

# One and the same for codes that are wrong, old or void, and for who never got one.
_WRONG_CODE = "The code is wrong, or not good any more."


class AuthTicket2FAInfo(Wire):
    """The code of a sign-in that waits: mailed, of the authenticator app, or a recovery code."""

    otp_code: str | None = None
    user_id: str | None = None


class OtpRequest(Wire):
    """Who wants a code by mail."""

    email: str | None = None


class AuthTicketOtpInfo(Wire):
    """The code from the mail."""

    email: str | None = None
    fingerprint: str | None = None
    otp_code: str | None = None
    region: str | None = None


def check_code(code: str | None) -> None:
    """A code that people typed. Raises Invalid."""
    if not code:
        raise Invalid.field("otp_code", "is needed", "missing")
    if len(code) > CODE_TYPED_MAX:
        raise Invalid.field("otp_code", f"has at most {CODE_TYPED_MAX} characters", "too_long")


async def resend_second_factor(ctx: Ctx, _call: Call) -> Any:
    """Mail another code to whoever waits."""
    await waiting.resend(ctx)


async def finish_second_factor(ctx: Ctx, call: Call) -> Any:
    """Take the code of a sign-in that waits."""
    body: AuthTicket2FAInfo = call.body
    faults = Faults()
    with faults.of():
        if not body.user_id:
            raise Invalid.field("user_id", "is needed", "missing")
    with faults.of():
        check_code(body.otp_code)
    faults.tell()
    finished = await waiting.finish(ctx, body.user_id or "", body.otp_code or "")
    if finished is None:
        return Answer(refusal=Unauthenticated(_WRONG_CODE))
    waited = finished.waiting
    await actions.enter(ctx, finished.login, waited.fingerprint, waited.region)
    return await give(
        ctx,
        waited.life,
        user_id=finished.login.user_id,
        account_id=waited.account_id,
        anonymous_user_id=waited.anonymous_user_id,
    )


async def request_code(ctx: Ctx, call: Call) -> Any:
    """Mail a code to sign in with. Answers alike whoever has the address."""
    code_sign_in.check_allowed(await tenants.policy(ctx))
    if not call.body.email:
        raise Invalid.field("otp_email", "is needed", "missing")
    await code_sign_in.request(ctx, call.body.email)


async def finish_code(ctx: Ctx, call: Call) -> Any:
    """Sign a shopper in by the code from the mail."""
    body: AuthTicketOtpInfo = call.body
    policy = await tenants.policy(ctx)
    code_sign_in.check_allowed(policy)
    faults = Faults()
    with faults.of():
        if not body.email:
            raise Invalid.field("otp_email", "is needed", "missing")
    with faults.of():
        check_code(body.otp_code)
    with faults.of():
        check_device(body.fingerprint, body.region)
    faults.tell()
    device = fingerprint_digest(body.fingerprint)
    login = await code_sign_in.finish(ctx, body.email or "", body.otp_code or "", device)
    if login is None:
        return Answer(refusal=Unauthenticated(_WRONG_CODE))
    check_open(login)
    life = lifetimes(ctx, policy, None, None)
    if login.has_second_factor:
        return await wait(ctx, login, life, device, body.region)
    await actions.enter(ctx, login, device, body.region)
    return await give(
        ctx, life, user_id=login.user_id, account_id=login.account_id, anonymous_user_id=anonymous_of(ctx)
    )


_PATH = "/commerce/customer/authtickets"
_OPEN: dict[str, Any] = {
    "group": "StorefrontAuthTicket", "method": "POST", "query": (RESPONSE_FIELDS,), "changes": True, "in_person": True,
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="generateAndSend2faOtp", path=f"{_PATH}/2fa/request", handler=resend_second_factor, shopper="waiting",
        replays="yes", throttled=True, summary="Mail another code to whoever waits", **_OPEN,
    ),
    Operation(
        id="validate2FAAndCreateAuthTicket", path=f"{_PATH}/2fa/auth", handler=finish_second_factor,
        shopper="waiting", body=AuthTicket2FAInfo, answer=CustomerAuthTicket, status=201, throttled=True,
        summary="Sign a shopper in by the second factor", **_OPEN,
    ),
    Operation(
        id="generateAndSendOtp", path=f"{_PATH}/otp/request", handler=request_code, shopper="open", body=OtpRequest,
        replays="yes", summary="Mail a code to sign in with", **_OPEN,
    ),
    Operation(
        id="validateOtpAndCreateAuthTicket", path=f"{_PATH}/otp/auth", handler=finish_code, shopper="open",
        body=AuthTicketOtpInfo, answer=CustomerAuthTicket, status=201, summary="Sign a shopper in by a mailed code",
        **_OPEN,
    ),
)  # fmt: skip
