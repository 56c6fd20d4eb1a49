"""Locks and the state of logins, in this dialect (Kibo behaviour 6.3, 6.4)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kernel.errors import NotFound
from patron.kibo.parameters import RESPONSE_FIELDS, USER_ID
from patron.kibo.wire import Int32, Time, Wire, time
from patron.logins import actions, queries
from patron.logins.model import Login
from patron.tenants import queries as tenants
from patron.web.operations import Call, Operation, Param


async def set_locked(ctx: Ctx, call: Call) -> Any:
    """Forbid or allow signing in."""
    await actions.set_locked(ctx, call.account_id, locked=call.body, user_id=call.query.get("userId"))


async def set_change_required(ctx: Ctx, call: Call) -> Any:
    """Refuse signing in until the password is another one."""
    await actions.set_must_change(ctx, call.account_id, required=call.body, user_id=call.query.get("userId"))


class LoginState(Wire):
    """How a login stands."""

    created_on: Time | None = None
    failed_login_attempt_count: Int32 = 0
    first_failed_login_attempt_on: Time | None = None
    is_locked: bool = False
    is_password_change_required: bool = False
    last_locked_on: Time | None = None
    last_login_on: Time | None = None
    last_password_change_on: Time | None = None
    remaining_login_attempts: Int32 = 0
    updated_on: Time | None = None


async def get_login_state(ctx: Ctx, call: Call) -> Any:
    """How the login of an account stands."""
    return await _state(ctx, await queries.get(ctx, call.account_id, call.query.get("userId")))


async def get_state_by_email(ctx: Ctx, call: Call) -> Any:
    """How the login with an e-mail address stands: for applications only."""
    return await _state_by_name(ctx, call, call.need("emailAddress"))


async def get_state_by_user_name(ctx: Ctx, call: Call) -> Any:
    """How the login with a user name stands: for applications only."""
    return await _state_by_name(ctx, call, call.need("userName"))


async def _state_by_name(ctx: Ctx, call: Call, name: str) -> LoginState:
    login = await queries.by_name(ctx, await tenants.set_code(ctx, call.query.get("customerSetCode")), name)
    if login is None:
        raise NotFound("login", "of this name")
    return await _state(ctx, login)


async def _state(ctx: Ctx, login: Login) -> LoginState:
    failures = await queries.failures_of(ctx, login)
    return LoginState(
        created_on=time(login.created_at),
        failed_login_attempt_count=failures.count,
        first_failed_login_attempt_on=time(failures.first_at),
        is_locked=login.is_locked,
        is_password_change_required=login.must_change,
        last_locked_on=time(login.last_locked_at),
        last_login_on=time(login.last_login_at),
        last_password_change_on=time(login.last_password_at),
        remaining_login_attempts=failures.remaining(ctx.now),
        updated_on=time(login.updated_at),
    )


_PATH = "/commerce/customer/accounts"
_ONE = f"{_PATH}/{{accountId}}"
_SET = Param("customerSetCode", description="The customer set; default is the site's.")
_USER: dict[str, Any] = {
    "group": "CustomerAccount", "query": (USER_ID, RESPONSE_FIELDS), "scope": "customer:update", "changes": True,
    "replays": "yes",
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="setLoginLocked", method="POST", path=f"{_ONE}/Set-Login-Locked", handler=set_locked, body=bool,
        summary="Lock or unlock a login", **_USER,
    ),
    Operation(
        id="setPasswordChangeRequired", method="POST", path=f"{_ONE}/Set-Password-Change-Required",
        handler=set_change_required, body=bool, summary="Require another password", **_USER,
    ),
    Operation(
        id="getLoginState", method="GET", path=f"{_ONE}/loginstate", handler=get_login_state, scope="customer:read",
        shopper="own", group="CustomerAccount", query=(USER_ID, RESPONSE_FIELDS), answer=LoginState,
        summary="How a login stands",
    ),
    Operation(
        id="getLoginStateByEmailAddress", method="POST", path=f"{_PATH}/loginstatebyemailaddress",
        handler=get_state_by_email, scope="customer:read", group="CustomerAccount",
        query=(Param("emailAddress"), _SET, RESPONSE_FIELDS), answer=LoginState,
        summary="How the login with an e-mail address stands",
    ),
    Operation(
        id="getLoginStateByUserName", method="POST", path=f"{_PATH}/loginstatebyusername",
        handler=get_state_by_user_name, scope="customer:read", group="CustomerAccount",
        query=(Param("userName"), _SET, RESPONSE_FIELDS), answer=LoginState,
        summary="How the login with a user name stands",
    ),
)  # fmt: skip
