"""Who may call what: no token, an application without the behavior, a shopper (Kibo behaviour 2.2, 2.5)."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from kibo_nobody import nobody
from kibo_requests import EVERY, PATH, Form, request, stock
from patron.app import clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.kibo.operations import OPERATIONS
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from patron.web.operations import Operation
from shops import ACCOUNTS, TICKETS, Shop, fault, open_shop

CLOSED = [(operation, form) for operation, form in EVERY if operation.authenticated]
SCOPED = [(operation, form) for operation, form in EVERY if operation.scope]
NOT_OPEN = [(operation, form) for operation, form in CLOSED if operation.shopper not in ("open", "waiting")]
OWN = [(operation, form) for operation, form in EVERY if operation.shopper == "own"]


class Callers:
    """A shop with one of everything, its shoppers, and an application for each behavior that lacks just this one."""

    shop: Shop
    things: dict[str, Any]
    other_shopper: str
    anonymous: str
    without: dict[str, Shop]


@pytest_asyncio.fixture(scope="module")
async def callers(http: httpx.AsyncClient, database: Database) -> Callers:
    """Everybody who may try."""
    made = Callers()
    made.shop = await open_shop(http, database)
    made.things = await stock(made.shop)
    made.other_shopper = (await made.shop.shopper())["accessToken"]
    made.anonymous = (await made.shop.get(f"{TICKETS}/anonymousshopper")).json()["accessToken"]
    made.without = {behavior: await application_without(made.shop, behavior) for behavior in BEHAVIORS}
    return made


async def application_without(shop: Shop, behavior: str) -> Shop:
    """The same shop, called by an application that lacks a behavior."""
    name, secret = f"{random_token(6)}.app.1.0.0.Release", random_token()
    await tenants.create_application(
        shop.database.session(),
        shop.tenant_id,
        client_id=name,
        name="Limited",
        secret=secret,
        behaviors=tuple(one for one in BEHAVIORS if one != behavior),
        site_id=shop.site_id,
        now=clock(),
    )
    facts = {"tenant_id": shop.tenant_id, "site_id": shop.site_id, "client_id": name, "client_secret": secret}
    limited = Shop(shop.http, shop.database, **facts)
    limited.token = await limited.sign_in()
    return limited


@pytest.mark.parametrize(("operation", "form"), CLOSED)
async def test_without_a_token_nobody_gets_further(callers: Callers, operation: Operation, form: Form) -> None:
    asked = request(operation, form, callers.things)
    for body in (asked.get("json"), None):
        answer = await callers.shop.http.request(asked["method"], asked["path"], params=asked["params"], json=body)
        assert fault(answer) == (401, "UNAUTHORIZED", None)
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("operation", "form"), SCOPED)
async def test_an_application_needs_the_behavior(callers: Callers, operation: Operation, form: Form) -> None:
    assert operation.scope
    limited = callers.without[operation.scope]
    for things in (callers.things, nobody()):
        answer = await limited.call(**request(operation, form, things))
        assert fault(answer) == (403, "FORBIDDEN", None)
        assert operation.scope in answer.json()["message"]


async def test_a_behavior_is_asked_for_before_the_body_is_read(callers: Callers) -> None:
    limited = callers.without["customer:create"]

    assert fault(await limited.call("POST", ACCOUNTS, content=b"{"))[0] == 403
    assert fault(await callers.shop.call("POST", ACCOUNTS, content=b"{"))[0] == 400


def test_every_operation_of_customers_needs_a_behavior_and_every_behavior_exists() -> None:
    open_to_all = {operation.key for operation in OPERATIONS if operation.scope is None}
    assert {operation.scope for operation in OPERATIONS if operation.scope} <= set(BEHAVIORS)
    assert {key for key in open_to_all if not key.startswith(("Platform.", "StorefrontAuthTicket."))} == {
        "CustomerAccount.resetPassword",
        "CustomerAccount.updateForgottenPassword",
    }
    assert {operation.key for operation in OPERATIONS if not operation.authenticated} == {
        "Platform.oauth",
        "Platform.createAuthTicket",
        "Platform.refreshAuthTicket",
        "Platform.deleteAuthTicket",
    }


def test_what_is_for_the_own_account_names_an_account() -> None:
    for operation in OPERATIONS:
        if operation.shopper == "own":
            assert "{accountId}" in operation.path, operation.key


def test_what_a_scope_is_called_fits_what_is_done() -> None:
    """A read needs a read behavior, and what changes data does not get by with one."""
    for operation in OPERATIONS:
        if operation.scope:
            assert operation.scope.endswith(":read") == (not operation.changes), operation.key


@pytest.mark.parametrize(("operation", "form"), NOT_OPEN)
async def test_a_shopper_reaches_the_own_account_only(callers: Callers, operation: Operation, form: Form) -> None:
    sentence = {"no": "A shopper may not do this.", "own": "A shopper may only reach the own account."}
    for things in (callers.things, nobody()):
        for shopper in (callers.other_shopper, callers.anonymous):
            asked = request(operation, form, things)
            beside = await callers.shop.call(**asked, shopper=shopper)
            alone = await callers.shop.call(**asked, headers={"Authorization": f"Bearer {shopper}"})
            for answer in (beside, alone):
                assert fault(answer) == (403, "FORBIDDEN", None)
                assert answer.json()["message"] == sentence[operation.shopper]


@pytest.mark.parametrize(("operation", "form"), OWN)
async def test_a_shopper_may_do_what_is_for_the_own_account(
    http: httpx.AsyncClient, database: Database, operation: Operation, form: Form
) -> None:
    shop = await open_shop(http, database)
    things = await stock(shop)

    answer = await shop.call(**request(operation, form, things), shopper=things["ticket"])

    assert answer.status_code not in (401, 403, 404), answer.text


async def test_lists_of_all_accounts_and_other_accounts_are_closed_to_shoppers(callers: Callers) -> None:
    listed = await callers.shop.get(ACCOUNTS, shopper=callers.other_shopper)
    other = await callers.shop.get(f"{ACCOUNTS}/{callers.things['account']}", shopper=callers.other_shopper)

    assert (listed.status_code, other.status_code) == (403, 403)


async def test_what_is_the_shops_own_no_shopper_says_of_itself(callers: Callers) -> None:
    own = {"taxExempt": True, "externalId": "mine", "accountType": "B2B", "companyOrOrganization": "Mine"}
    mail = f"{random_token(6)}@example.com"
    guest = await callers.shop.post(ACCOUNTS, own, shopper=callers.anonymous)
    sign_up = {"account": {**own, "emailAddress": mail}, "password": "Correct-horse-7"}
    ticket = await callers.shop.post(f"{ACCOUNTS}/Add-Account-And-Login", sign_up, shopper=callers.anonymous)
    assert (guest.status_code, ticket.status_code) == (201, 201)
    shopper, account_id = ticket.json()["accessToken"], ticket.json()["customerAccount"]["id"]
    changed = await callers.shop.put(f"{ACCOUNTS}/{account_id}", {**own, "emailAddress": mail}, shopper=shopper)

    for account in (guest.json(), ticket.json()["customerAccount"], changed.json()):
        assert (account["taxExempt"], account["externalId"], account["accountType"]) == (False, None, "B2C")
        assert account["companyOrOrganization"] == "Mine"


async def test_notes_are_not_shown_to_shoppers(callers: Callers) -> None:
    mine = (await callers.shop.get(f"{ACCOUNTS}/{callers.things['account']}", shopper=callers.things["ticket"])).json()
    full = (await callers.shop.get(f"{ACCOUNTS}/{callers.things['account']}")).json()

    assert mine["notes"] == []
    assert len(full["notes"]) == 1


async def test_the_current_account_is_the_shoppers(callers: Callers) -> None:
    current = await callers.shop.get(f"{ACCOUNTS}/current", shopper=callers.things["ticket"])

    assert current.json()["id"] == callers.things["account"]
    assert fault(await callers.shop.get(f"{ACCOUNTS}/current"))[0] == 401
    assert fault(await callers.shop.get(f"{ACCOUNTS}/current", shopper=callers.anonymous))[0] == 404


async def test_a_shoppers_token_of_another_tenant_is_none(callers: Callers, other_shop: Shop) -> None:
    stranger = (await other_shop.shopper())["accessToken"]

    answer = await callers.shop.get(f"{ACCOUNTS}/current", shopper=stranger)

    assert fault(answer)[0] == 401


def test_path_parameters_are_known_to_the_walks() -> None:
    used = {part[1:-1] for operation in OPERATIONS for part in operation.path.split("/") if part.startswith("{")}
    assert used <= PATH.keys()
