"""Signing up, in this dialect: accounts with logins, one or many (Kibo behaviour 6.2)."""

from typing import Any

import msgspec

from patron.accounts.model import Account
from patron.customers import actions as customers
from patron.customers import addresses
from patron.customers.actions import NewCustomer
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Forbidden, Invalid, NotFound, Refused, Taken
from patron.kibo.account_bodies import CustomerAccount, CustomerAccountCollection, read, shown
from patron.kibo.errors import TIED_TO_LOGIN
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.tickets import CustomerAuthTicket, check_device, check_lifetimes, issue
from patron.kibo.wire import Given, Wire
from patron.logins import actions
from patron.logins.model import fingerprint_digest
from patron.tenants import queries as tenants
from patron.tenants.model import PasswordPolicy
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


class _SignUp(msgspec.Struct, frozen=True):
    """One sign-up, checked and with its password hashed."""

    new: NewCustomer
    credential: actions.Credential
    is_import: bool


def _check_import(ctx: Ctx, body: Any) -> None:
    """An import skips the password policy and brings its own dates: that is for applications."""
    if body.is_import and ctx.actor.kind == "shopper":
        raise Forbidden("A shopper may not import.")


def _check_secrets(policy: PasswordPolicy, body: Any) -> None:
    faults = Faults()
    with faults.of():
        actions.check_password(policy, body.password, body.external_password, is_import=bool(body.is_import))
    with faults.of():
        check_device(body.fingerprint, body.region)
    faults.tell()


async def _prepared(ctx: Ctx, bodies: list[CustomerAccountAndAuthInfo], place: str = "") -> list[_SignUp]:
    """Check all sign-ups, then hash their passwords. Raises Invalid with every fault of every one, or TooMany."""
    policy = await tenants.policy(ctx)
    faults, read_ones = Faults(), {}
    for n, body in enumerate(bodies):
        with faults.of(place.format(n)):
            new = read(body.account or CustomerAccount(), is_import=body.is_import)
            read_ones[place.format(n)] = new
            customers.check_sign_up(ctx, new)
        with faults.of(place.format(n)):
            _check_secrets(policy.password, body)
    news: list[NewCustomer] = []
    with faults.of():
        news = await addresses.judged_customers(ctx, policy.addresses, list(read_ones.values()), list(read_ones))
    faults.tell()
    return [
        _SignUp(new, await actions.hashed(ctx, body.password, body.external_password), body.is_import)
        for body, new in zip(bodies, news, strict=True)
    ]


async def prepare_sign_up(ctx: Ctx, call: Call) -> _SignUp:
    """Before the transaction: check the body and hash the password."""
    _check_import(ctx, call.body)
    await check_lifetimes(ctx, call.body)
    return (await _prepared(ctx, [call.body]))[0]


async def add_account_and_login(ctx: Ctx, call: Call) -> Any:
    """Sign up: an account, its login, and a ticket."""
    one: _SignUp = call.prepared
    customer = await customers.sign_up(ctx, one.new, one.credential, is_import=one.is_import)
    return await _signed_in(ctx, call.body, customer.account)


async def _signed_in(ctx: Ctx, body: Any, account: Account) -> CustomerAuthTicket:
    """Whoever signs up is signed in, on a device that is known from then on."""
    assert account.user_id is not None
    await actions.note_sign_in(ctx, account.id, fingerprint_digest(body.fingerprint), body.region)
    return await issue(ctx, body, user_id=account.user_id, account_id=account.id)


async def prepare_login(ctx: Ctx, call: Call) -> actions.Credential:
    """Before the transaction: the account must be there and have no login, then hash."""
    body: CustomerLoginInfo = call.body
    await customers.check_guest(ctx, call.account_id)
    _check_import(ctx, body)
    await check_lifetimes(ctx, body)
    _check_secrets((await tenants.policy(ctx)).password, body)
    return await actions.hashed(ctx, body.password, body.external_password)


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
    return await _signed_in(ctx, body, account)


async def prepare_bulk(ctx: Ctx, call: Call) -> list[_SignUp]:
    """Before the transaction: check every row, then hash every password."""
    if not 1 <= len(call.body) <= BULK_MAX:
        raise Invalid.field("body", f"has 1 to {BULK_MAX} rows")
    return await _prepared(ctx, call.body, "[{}].")


async def add_accounts(ctx: Ctx, call: Call) -> Any:
    """Many accounts with logins, all or none; nobody is signed in."""
    faults, items = Faults(), []
    for n, row in enumerate(call.prepared):
        with faults.of(f"[{n}]."):
            items.append(await _added(ctx, row))
    faults.tell()
    return CustomerAccountCollection(page_size=len(items), page_count=1, total_count=len(items), items=items)


async def _added(ctx: Ctx, row: _SignUp) -> CustomerAccount:
    """One row of many. What is wrong with it is told as that row's problem; the others are tried all the same."""
    try:
        async with ctx.db.part():
            return shown(ctx, await customers.sign_up(ctx, row.new, row.credential, is_import=row.is_import))
    except Taken as error:
        message = "is in use" if error.field == "user_id" else TIED_TO_LOGIN
        raise Invalid.field(error.field, message, "taken") from None
    except (NotFound, Refused, Forbidden) as error:
        raise Invalid.field("account", error.message) from None


_PATH = "/commerce/customer/accounts"
_CREATE: dict[str, Any] = {
    "group": "CustomerAccount", "scope": "customer:create", "changes": True, "status": 201,
    "query": (RESPONSE_FIELDS,),
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="addAccountAndLogin", method="POST", path=f"{_PATH}/Add-Account-And-Login", handler=add_account_and_login,
        before=prepare_sign_up, shopper="open", in_person=True, body=CustomerAccountAndAuthInfo,
        answer=CustomerAuthTicket, replays="secret", summary="Sign a shopper up", **_CREATE,
    ),
    Operation(
        id="addLoginToExistingCustomer", method="POST", path=f"{_PATH}/{{accountId}}/Create-Login",
        handler=create_login, before=prepare_login, shopper="open", in_person=True, body=CustomerLoginInfo,
        answer=CustomerAuthTicket, replays="secret", summary="Give a guest a login", **_CREATE,
    ),
    Operation(
        id="addAccounts", method="POST", path=f"{_PATH}/Bulk", handler=add_accounts, before=prepare_bulk,
        in_person=True, body=list[CustomerAccountAndAuthInfo], answer=CustomerAccountCollection, replays="yes",
        summary="Create many accounts with logins", **_CREATE,
    ),
)  # fmt: skip
