"""Signing up, in this dialect: accounts with logins, one or many (Kibo behaviour 6.2)."""

from dataclasses import replace
from typing import Any

from patron.customers import actions as customers
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Problem, Taken
from patron.kibo.account_bodies import CustomerAccount, CustomerAccountCollection, read, shown
from patron.kibo.errors import TIED_TO_LOGIN
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.tickets import CustomerAuthTicket, check_device, issue
from patron.kibo.wire import Given, Wire
from patron.logins import actions, queries
from patron.logins.model import fingerprint_digest
from patron.web.operations import Call, Operation

BULK_MAX = 100


class CustomerAccountAndAuthInfo(Wire):
    """A new account with its password."""

    account: Given[CustomerAccount] = None
    auth_ticket_ttl_minutes: float | None = None
    external_password: str | None = None
    fingerprint: str | None = None
    is_import: bool = False
    password: str | None = None
    refresh_token_ttl_minutes: float | None = None
    region: str | None = None


class CustomerLoginInfo(Wire):
    """A login for an account that is there already."""

    auth_ticket_ttl_minutes: float | None = None
    email_address: str | None = None
    external_password: str | None = None
    fingerprint: str | None = None
    is_import: bool | None = None
    password: str | None = None
    refresh_token_ttl_minutes: float | None = None
    region: str | None = None
    username: str | None = None


async def prepare_sign_up(ctx: Ctx, call: Call) -> actions.Credential:
    """Before the transaction: check the body and hash the password."""
    return await _prepared(ctx, call.body)


async def _prepared(ctx: Ctx, body: Any) -> actions.Credential:
    check_device(body.fingerprint, body.region)
    return await actions.prepare(ctx, body.password, body.external_password, is_import=bool(body.is_import))


async def add_account_and_login(ctx: Ctx, call: Call) -> Any:
    """Sign up: an account, its login, and a ticket."""
    body: CustomerAccountAndAuthInfo = call.body
    new = read(body.account or CustomerAccount())
    customer = await customers.sign_up(ctx, new, call.prepared, is_import=body.is_import)
    return await _signed_in(ctx, body, customer.account.id)


async def _signed_in(ctx: Ctx, body: Any, account_id: int) -> CustomerAuthTicket:
    """Whoever signs up is signed in, on a device that is known from then on."""
    login = await queries.get(ctx, account_id)
    await actions.remember_device(ctx, account_id, fingerprint_digest(body.fingerprint), body.region)
    return await issue(ctx, body, user_id=login.user_id, account_id=account_id)


async def prepare_login(ctx: Ctx, call: Call) -> actions.Credential:
    """Before the transaction: the account must be there and have no login, then hash."""
    await customers.check_has_no_login(ctx, call.account_id)
    return await _prepared(ctx, call.body)


async def create_login(ctx: Ctx, call: Call) -> Any:
    """Turn a guest into a registered customer who is signed in."""
    body: CustomerLoginInfo = call.body
    account = await customers.add_login(
        ctx,
        call.account_id,
        call.prepared,
        email=body.email_address,
        user_name=body.username,
        is_import=bool(body.is_import),
    )
    return await _signed_in(ctx, body, account.id)


async def prepare_bulk(ctx: Ctx, call: Call) -> list[actions.Credential]:
    """Before the transaction: hash every row's password; the first failure names all bad rows."""
    if not 1 <= len(call.body) <= BULK_MAX:
        raise Invalid.field("body", f"has 1 to {BULK_MAX} rows")
    return await _rows(call.body, lambda body: _prepared(ctx, body))


async def add_accounts(ctx: Ctx, call: Call) -> Any:
    """Many accounts with logins, all or none; nobody is signed in."""
    pairs = list(zip(call.body, call.prepared, strict=True))

    async def sign_up(pair: tuple[CustomerAccountAndAuthInfo, actions.Credential]) -> CustomerAccount:
        body, credential = pair
        new = read(body.account or CustomerAccount())
        return shown(ctx, await customers.sign_up(ctx, new, credential, is_import=body.is_import))

    made = await _rows(pairs, sign_up)
    return CustomerAccountCollection(page_size=len(made), page_count=1, total_count=len(made), items=made)


async def _rows(given: list[Any], work: Any) -> list[Any]:
    """Do the work for each row. Raises Invalid with a problem for every row that failed, `[3].EmailAddress`."""
    done, problems = [], []
    for n, one in enumerate(given):
        try:
            done.append(await work(one))
        except Invalid as error:
            problems += [replace(p, field=f"[{n}].{p.field}") for p in error.problems]
        except Taken as error:
            problems.append(Problem(f"[{n}].{error.field}", TIED_TO_LOGIN, "taken"))
    if problems:
        raise Invalid(*problems)
    return done


_PATH = "/commerce/customer/accounts"
_CREATE: dict[str, Any] = {
    "group": "CustomerAccount", "scope": "customer:create", "changes": True, "status": 201,
    "query": (RESPONSE_FIELDS,),
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="addAccountAndLogin", method="POST", path=f"{_PATH}/Add-Account-And-Login", handler=add_account_and_login,
        before=prepare_sign_up, shopper="open", body=CustomerAccountAndAuthInfo, answer=CustomerAuthTicket,
        replays="secret", summary="Sign a shopper up", **_CREATE,
    ),
    Operation(
        id="addLoginToExistingCustomer", method="POST", path=f"{_PATH}/{{accountId}}/Create-Login", handler=create_login,
        before=prepare_login, shopper="open", body=CustomerLoginInfo, answer=CustomerAuthTicket, replays="secret",
        summary="Give a guest a login", **_CREATE,
    ),
    Operation(
        id="addAccounts", method="POST", path=f"{_PATH}/Bulk", handler=add_accounts, before=prepare_bulk,
        body=list[CustomerAccountAndAuthInfo], answer=CustomerAccountCollection, replays="yes",
        summary="Create many accounts with logins", **_CREATE,
    ),
)  # fmt: skip
