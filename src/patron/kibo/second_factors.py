"""Authenticator apps of a shopper: our extension of this dialect, below the account."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Unauthenticated
from patron.kibo.codes import check_code
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.wire import Given, Int32, Time, Wire, time
from patron.logins import factors, queries, sign_in
from patron.web.operations import Answer, Call, Operation

_WRONG_CODE = "The code is wrong."


class SecondFactor(Wire):
    """An authenticator app. It counts when it is confirmed."""

    create_date: Given[Time] = None
    id: Int32 = 0
    is_confirmed: bool = False
    last_used_date: Time | None = None
    name: str = ""
    type: str = "Totp"


class SecondFactorCollection(Wire):
    """The apps of an account, and how many recovery codes are left."""

    items: list[SecondFactor]
    recovery_codes_left: Int32 = 0
    total_count: Int32 = 0


class SecondFactorRequest(Wire):
    """A new app: the shopper's name for it, and the password."""

    name: str | None = None
    password: str | None = None


class SecondFactorEnrolment(Wire):
    """A new app, with what it needs to know: shown once. `uri` is for a QR code."""

    id: Int32
    name: str
    secret: str
    type: str
    uri: str


class SecondFactorProof(Wire):
    """A code of the app, or a recovery code."""

    otp_code: str | None = None


class RecoveryCodes(Wire):
    """Codes for who lost the app, each good once: shown once. Null when there are some already."""

    recovery_codes: list[str] | None = None


def shown(factor: factors.Factor) -> SecondFactor:
    """An app as this dialect shows it."""
    return SecondFactor(
        create_date=time(factor.created_at),
        id=factor.id,
        is_confirmed=factor.confirmed_at is not None,
        last_used_date=time(factor.last_used_at),
        name=factor.name,
    )


async def list_factors(ctx: Ctx, call: Call) -> Any:
    """The apps of an account."""
    standing = await factors.standing(ctx, call.account_id)
    items = [shown(factor) for factor in standing.factors]
    return SecondFactorCollection(items=items, recovery_codes_left=standing.recovery_codes_left, total_count=len(items))


async def try_password(ctx: Ctx, call: Call) -> None:
    """Before the transaction: a shopper needs the password, an application does not. Raises Invalid, TooMany."""
    login = await queries.get(ctx, call.account_id)
    if ctx.actor.kind != "shopper":
        return
    if not call.body.password:
        raise Invalid.field("password", "is needed", "missing")
    if not await sign_in.try_login(ctx, login, call.body.password):
        raise Invalid.field("password", "")


async def add_factor(ctx: Ctx, call: Call) -> Any:
    """A new app, to be confirmed with its first code."""
    made = await factors.enrol(ctx, call.account_id, call.body.name or "Authenticator app")
    return SecondFactorEnrolment(
        id=made.factor.id, name=made.factor.name, secret=made.secret, type=SecondFactor().type, uri=made.uri
    )


def _factor_id(call: Call) -> int:
    return call.id("factorId", "second factor")


async def confirm_factor(ctx: Ctx, call: Call) -> Any:
    """Have a new app count, as its code proves that it works."""
    check_code(call.body.otp_code)
    codes = await factors.confirm(ctx, call.account_id, _factor_id(call), call.body.otp_code)
    return RecoveryCodes(recovery_codes=codes)


async def remove_factor(ctx: Ctx, call: Call) -> Any:
    """Take an app away. A shopper proves to have it, or a recovery code."""
    if call.body.otp_code:
        check_code(call.body.otp_code)
    if not await factors.remove(ctx, call.account_id, _factor_id(call), call.body.otp_code):
        return Answer(refusal=Unauthenticated(_WRONG_CODE))
    return None


async def renew_codes(ctx: Ctx, call: Call) -> Any:
    """New recovery codes in place of the old ones."""
    if call.body.otp_code:
        check_code(call.body.otp_code)
    codes = await factors.renew_recovery_codes(ctx, call.account_id, call.body.otp_code)
    if codes is None:
        return Answer(refusal=Unauthenticated(_WRONG_CODE))
    return RecoveryCodes(recovery_codes=codes)


_PATH = "/commerce/customer/accounts/{accountId}/secondfactors"
_ONE = f"{_PATH}/{{factorId}}"
_CHANGE: dict[str, Any] = {
    "group": "CustomerAccount", "method": "POST", "scope": "customer:update", "shopper": "own", "changes": True,
    "in_person": True, "throttled": True, "query": (RESPONSE_FIELDS,),
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="getSecondFactors", method="GET", path=_PATH, handler=list_factors, group="CustomerAccount",
        scope="customer:read", shopper="own", query=(RESPONSE_FIELDS,), answer=SecondFactorCollection,
        summary="List the authenticator apps of an account",
    ),
    Operation(
        id="addSecondFactor", path=_PATH, handler=add_factor, before=try_password, body=SecondFactorRequest,
        answer=SecondFactorEnrolment, status=201, replays="secret", summary="Add an authenticator app", **_CHANGE,
    ),
    Operation(
        id="confirmSecondFactor", path=f"{_ONE}/confirm", handler=confirm_factor, body=SecondFactorProof,
        answer=RecoveryCodes, replays="secret", summary="Confirm a new authenticator app", **_CHANGE,
    ),
    Operation(
        id="removeSecondFactor", path=f"{_ONE}/remove", handler=remove_factor, body=SecondFactorProof, status=204,
        replays="yes", summary="Remove an authenticator app", **_CHANGE,
    ),
    Operation(
        id="renewRecoveryCodes", path=f"{_PATH}/recoverycodes", handler=renew_codes, body=SecondFactorProof,
        answer=RecoveryCodes, replays="secret", summary="Make new recovery codes", **_CHANGE,
    ),
)  # fmt: skip
