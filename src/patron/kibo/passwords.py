"""Changing and resetting passwords, in this dialect (Kibo behaviour 6.3)."""

from typing import Any

import msgspec

from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Invalid, NotFound, PatronError
from patron.kibo.errors import failure
from patron.kibo.parameters import RESPONSE_FIELDS, USER_ID
from patron.kibo.wire import Given, Int32, Wire
from patron.logins import actions, queries, resets, sign_in
from patron.logins.model import Login
from patron.tenants import queries as tenants
from patron.web.operations import Call, Operation, Param

ROWS_MAX = 100


class CustomerPasswordInfo(Wire):
    """The old and the new password."""

    external_password: str | None = None
    new_password: str | None = None
    old_password: str | None = None


class AccountPasswordInfo(Wire):
    """One row of many password changes."""

    account_id: Given[Int32] = None
    password_info: Given[CustomerPasswordInfo] = None
    unlock_account: bool | None = None
    user_id: str | None = None


class AccountPasswordInfoCollection(Wire):
    """Many password changes."""

    items: list[AccountPasswordInfo] | None = None
    total_count: Int32 = 0


class ChangePasswordResult(Wire):
    """What came of one."""

    account_id: Int32 = 0
    error_message: str | None = None
    succeeded: bool = False


class ChangePasswordResultCollection(Wire):
    """What came of many."""

    items: list[ChangePasswordResult] | None = None
    total_count: Int32 = 0


class _Change(msgspec.Struct, frozen=True):
    """A checked change; `version` is that of the login whose old password was tried."""

    account_id: int
    credential: actions.Credential
    version: int | None
    unlock: bool


async def _prepared(ctx: Ctx, login: Login, info: CustomerPasswordInfo, *, unlock: bool) -> _Change:
    """Try the old password, which only an application may leave out, then hash the new one. Raises Invalid, TooMany."""
    is_shopper = ctx.actor.kind == "shopper"
    if is_shopper and not info.old_password:
        raise Invalid.field("password", "is needed: the old one", "missing")
    if info.old_password and not await sign_in.try_login(ctx, login, info.old_password):
        raise Invalid.field("password", "")
    foreign_hash = None if is_shopper else info.external_password
    credential = await actions.prepare(ctx, info.new_password, foreign_hash)
    version = login.version if info.old_password else None
    return _Change(login.account_id, credential, version, unlock and not is_shopper)


async def _change(ctx: Ctx, change: _Change) -> None:
    await actions.change_password(
        ctx, change.account_id, change.credential, version=change.version, unlock=change.unlock
    )


async def prepare_change(ctx: Ctx, call: Call) -> _Change:
    """Before the transaction: both hashes."""
    login = await queries.get(ctx, call.account_id, call.query.get("userId"))
    return await _prepared(ctx, login, call.body, unlock=bool(call.query.get("unlockAccount")))


async def change_password(ctx: Ctx, call: Call) -> Any:
    """Another password; every ticket of the login ends."""
    await _change(ctx, call.prepared)


async def prepare_changes(ctx: Ctx, call: Call) -> list[_Change | PatronError]:
    """Before the transaction: each row's hashes, or what is wrong with the row."""
    rows = call.body.items or []
    if len(rows) > ROWS_MAX:
        raise Invalid.field("items", f"has at most {ROWS_MAX} rows")
    prepared: list[_Change | PatronError] = []
    for row in rows:
        try:
            login = await queries.get(ctx, row.account_id or 0, row.user_id)
            info = row.password_info or CustomerPasswordInfo()
            prepared.append(await _prepared(ctx, login, info, unlock=bool(row.unlock_account)))
        except (Invalid, NotFound) as error:
            prepared.append(error)
    return prepared


async def change_passwords(ctx: Ctx, call: Call) -> Any:
    """Many password changes; each row says for itself what came of it."""
    results = []
    for row, change in zip(call.body.items or [], call.prepared, strict=True):
        error = await _failure_of(ctx, change)
        message = failure(error, ctx.request_id).body.message if error else None
        results.append(
            ChangePasswordResult(account_id=row.account_id or 0, error_message=message, succeeded=error is None)
        )
    return ChangePasswordResultCollection(items=results, total_count=len(results))


async def _failure_of(ctx: Ctx, change: _Change | PatronError) -> PatronError | None:
    """Make one change of many. Both refusals come before anything is written, so the others go on."""
    if isinstance(change, PatronError):
        return change
    try:
        await _change(ctx, change)
    except (Invalid, NotFound) as error:
        return error
    return None


class CustomerResetPasswordInfo(Wire):
    """Whose password to reset."""

    customer_set_code: str | None = None
    email_address: str | None = None
    user_name: str | None = None


class ConfirmationInfo(Wire):
    """A new password with the token from the mail."""

    confirmation_code: str | None = None
    new_password: str | None = None
    user_name: str | None = None


async def reset_password(ctx: Ctx, call: Call) -> Any:
    """Mail a link. Answers alike whether there is such a login or not, unless the operator wants the old answer."""
    body: CustomerResetPasswordInfo = call.body
    name = body.email_address or body.user_name
    if not name:
        raise Invalid.field("resetPasswordInfo", "needs emailAddress or userName", "missing")
    known = await resets.request_reset(ctx, await tenants.set_code(ctx, body.customer_set_code), name)
    if not known and call.settings.legacy_reset:
        raise NotFound("login of", "this name")


async def prepare_forgotten(ctx: Ctx, call: Call) -> actions.Credential:
    """Before the transaction: is the token good? Then hash the new password."""
    body: ConfirmationInfo = call.body
    faults = Faults()
    for name, text in (("userName", body.user_name), ("confirmationCode", body.confirmation_code)):
        with faults.of():
            if not text:
                raise Invalid.field(name, "is needed", "missing")
    faults.tell()
    await resets.check(ctx, ctx.at_site.customer_set, body.user_name or "", body.confirmation_code or "")
    return await actions.prepare(ctx, body.new_password)


async def update_forgotten(ctx: Ctx, call: Call) -> Any:
    """Set a password with the token from the mail."""
    body: ConfirmationInfo = call.body
    assert body.user_name
    assert body.confirmation_code
    await resets.reset_password(ctx, ctx.at_site.customer_set, body.user_name, body.confirmation_code, call.prepared)


_PATH = "/commerce/customer/accounts"
_UPDATE: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:update", "changes": True, "replays": "yes"}
_OPEN: dict[str, Any] = {
    "group": "CustomerAccount", "shopper": "open", "changes": True, "replays": "yes", "query": (RESPONSE_FIELDS,),
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="changePassword", method="POST", path=f"{_PATH}/{{accountId}}/Change-Password", handler=change_password,
        before=prepare_change, shopper="own", in_person=True, body=CustomerPasswordInfo,
        query=(Param("unlockAccount", "boolean"), USER_ID, RESPONSE_FIELDS), summary="Change a password", **_UPDATE,
    ),
    Operation(
        id="changePasswords", method="POST", path=f"{_PATH}/Change-Passwords", handler=change_passwords,
        before=prepare_changes, in_person=True, body=AccountPasswordInfoCollection,
        answer=ChangePasswordResultCollection, query=(RESPONSE_FIELDS,), summary="Change many passwords", **_UPDATE,
    ),
    Operation(
        id="resetPassword", method="POST", path=f"{_PATH}/Reset-Password", handler=reset_password,
        body=CustomerResetPasswordInfo, summary="Mail a reset link", **_OPEN,
    ),
    Operation(
        id="updateForgottenPassword", method="POST", path=f"{_PATH}/Update-Forgotten-Password",
        handler=update_forgotten, before=prepare_forgotten, in_person=True, body=ConfirmationInfo,
        summary="Set a password with the token from the mail", **_OPEN,
    ),
)  # fmt: skip
