"""Whoever acts for a shopper never changes how the shopper signs in: tried with every operation there is."""

from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from agents import acting
from kibo_requests import EVERY, NAMES, Form, request, stock
from patron.kernel.db import Database
from patron.kibo.operations import OPERATIONS
from patron.web.operations import Operation
from shoppers import anonymous
from shops import Shop, fault, open_shop

SENTENCE = "Whoever acts for a shopper may not change how the shopper signs in."
WALKED = [(one, form) for one, form in EVERY if one.authenticated]
WALKED_NAMES = [name for name, (one, _form) in zip(NAMES, EVERY, strict=True) if one.authenticated]
# What a PUT of the account changes among other things.
ON_THE_ACCOUNT = "email, email_key, holds_email, user_name, user_id, is_locked, has_foreign_hash, second_factor_at"


async def credentials(shop: Shop, conn: asyncpg.Connection) -> dict[str, str]:
    """All that says how the shop's customers sign in: logins, all that hangs on them, and the account's own part."""
    tables = await conn.fetch(
        "select 'login' as name union select conrelid::regclass::text from pg_constraint "
        "where contype = 'f' and confrelid = 'login'::regclass"
    )
    parts = {row["name"]: f"{row['name']} t" for row in tables}
    parts["account"] = f"(select tenant_id, id, {ON_THE_ACCOUNT} from account) t"
    query = "select coalesce(string_agg(t::text, ' ' order by t::text), '') from {} where t.tenant_id = $1"
    return {name: await conn.fetchval(query.format(part), shop.tenant_id) for name, part in parts.items()}


class World:
    """A shop with one of everything, and two who act for its shoppers."""

    shop: Shop
    things: dict[str, Any]
    for_shopper: str
    for_anonymous: str


async def new_world(http: httpx.AsyncClient, database: Database) -> World:
    made = World()
    made.shop = await open_shop(http, database)
    made.things = await stock(made.shop)
    made.for_shopper = (await acting(made.shop, accountId=made.things["account"]))["accessToken"]
    nobody = await anonymous(made.shop)
    made.for_anonymous = (await acting(made.shop, userId=nobody["userId"]))["accessToken"]
    return made


@pytest_asyncio.fixture(scope="module")
async def kept_world(http: httpx.AsyncClient, database: Database) -> World:
    """One for all operations that are closed to shoppers."""
    return await new_world(http, database)


@pytest_asyncio.fixture
async def world(http: httpx.AsyncClient, database: Database, kept_world: World, operation: Operation) -> World:
    """A new one where something may happen to it."""
    return kept_world if operation.shopper == "no" else await new_world(http, database)


@pytest.mark.parametrize(("operation", "form"), WALKED, ids=WALKED_NAMES)
async def test_no_operation_changes_how_somebody_signs_in(
    world: World, database_url: str, operation: Operation, form: Form
) -> None:
    agents = [world.for_shopper] if operation.shopper == "own" else [world.for_shopper, world.for_anonymous]
    asked = request(operation, form, world.things)
    conn = await asyncpg.connect(database_url)
    try:
        before = await credentials(world.shop, conn)
        answers = [await world.shop.call(**asked, shopper=agent) for agent in agents]
        after = await credentials(world.shop, conn)
    finally:
        await conn.close()

    made_a_guest = operation.id == "addAccount" and all(answer.status_code == 201 for answer in answers)
    assert after == before or (made_a_guest and {**after, "account": ""} == {**before, "account": ""})
    refused = operation.shopper == "no" or operation.in_person or operation.id == "updateAccount"
    assert (answers[0].status_code == 403) == refused, answers[0].text
    if refused:
        assert {answer.status_code for answer in answers} == {403}
    if operation.in_person or operation.id == "updateAccount":
        assert {answer.json()["message"] for answer in answers} == {SENTENCE}


def test_what_is_for_the_shopper_in_person_is_what_signs_in_or_sets_a_password() -> None:
    assert {one.key for one in OPERATIONS if one.in_person} == {
        "CustomerAccount.addAccountAndLogin",
        "CustomerAccount.addAccounts",
        "CustomerAccount.addLoginToExistingCustomer",
        "CustomerAccount.addSecondFactor",
        "CustomerAccount.changePassword",
        "CustomerAccount.changePasswords",
        "CustomerAccount.confirmSecondFactor",
        "CustomerAccount.removeSecondFactor",
        "CustomerAccount.renewRecoveryCodes",
        "CustomerAccount.updateForgottenPassword",
        "StorefrontAuthTicket.createUserAuthTicket",
        "StorefrontAuthTicket.generateAndSend2faOtp",
        "StorefrontAuthTicket.generateAndSendOtp",
        "StorefrontAuthTicket.validate2FAAndCreateAuthTicket",
        "StorefrontAuthTicket.validateOtpAndCreateAuthTicket",
    }


@pytest.mark.parametrize(
    ("change", "is_refused"),
    [
        ({}, False),
        ({"firstName": "Joan", "acceptsMarketing": True}, False),
        ({"emailAddress": "other@example.com"}, True),
        ({"emailAddress": ""}, True),
        ({"userName": "joan"}, True),
    ],
)
async def test_a_put_of_the_account_may_change_all_else(
    shop: Shop, change: dict[str, object], is_refused: bool
) -> None:
    own = await shop.shopper(firstName="Jo", userName="jo")
    account = own["customerAccount"]
    agent = await acting(shop, accountId=account["id"])
    body = {name: account[name] for name in ("emailAddress", "userName", "firstName")} | change

    answer = await shop.put(f"/api/commerce/customer/accounts/{account['id']}", body, shopper=agent["accessToken"])

    if is_refused:
        assert fault(answer) == (403, "FORBIDDEN", None)
        assert answer.json()["message"] == SENTENCE
    else:
        assert answer.status_code == 200, answer.text
