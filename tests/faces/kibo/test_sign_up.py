"""Signing up: accounts with logins, alone, in bulk, by import, and out of guests."""

from typing import Any

import httpx
import pytest

from patron.kernel.clock import clock
from patron.kernel.secrets import random_token
from patron.settings import Settings
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from shoppers import anonymous, mails, set_policy, sign_in, state
from shops import ACCOUNTS, PASSWORD, Shop, fault, open_shop

SIGN_UP = f"{ACCOUNTS}/Add-Account-And-Login"
BULK = f"{ACCOUNTS}/Bulk"


def body(email: str = "jo@example.com", password: str | None = PASSWORD, **more: Any) -> dict[str, Any]:
    return {"account": {"emailAddress": email, **more.pop("account", {})}, "password": password, **more}


async def total(shop: Shop) -> int:
    return int((await shop.get(ACCOUNTS, params={"pageSize": 0})).json()["totalCount"])


def faults(answer: httpx.Response) -> list[str]:
    """The parameters that a failure names, in its order."""
    assert answer.status_code == 400, answer.text
    return [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]


async def test_a_sign_up_makes_a_login_that_has_just_been_used(shop: Shop, settings: Settings) -> None:
    ticket = (await shop.post(SIGN_UP, body(fingerprint="phone", region="TX"))).json()

    account = ticket["customerAccount"]
    assert (account["isAnonymous"], account["isLocked"], account["migrationRequired"]) == (False, False, False)
    login = await state(shop, account["id"])
    assert login["lastLoginOn"] == login["createdOn"] == login["lastPasswordChangeOn"]
    assert (login["failedLoginAttemptCount"], login["remainingLoginAttempts"]) == (0, 5)
    [(mail, text)] = await mails(shop, settings)
    assert (mail.kind, mail.recipient) == ("shopperLoginCreated", "jo@example.com")
    assert "Main street" in text.text


@pytest.mark.parametrize(
    ("account", "parameter"),
    [
        ({"emailAddress": "JO@Example.COM"}, "EmailAddress"),
        ({"emailAddress": "ｊｏ@example.com"}, "EmailAddress"),
        ({"emailAddress": "new@example.com", "userName": "JOANNA"}, "username"),
        ({"emailAddress": "new@example.com", "userName": "jo@example.com"}, "username"),
        ({"emailAddress": "kim@example.com"}, "EmailAddress"),
    ],
    ids=["address in other case", "address in other width", "user name", "user name that is an address",
         "address that is a user name"],
)  # fmt: skip
async def test_a_name_that_leads_to_another_login_is_refused(shop: Shop, account: dict, parameter: str) -> None:
    await shop.shopper(emailAddress="jo@example.com", userName="joanna")
    await shop.shopper(emailAddress="other@example.com", userName="Kim@Example.com")

    answer = await shop.post(SIGN_UP, {"account": account, "password": PASSWORD})

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", parameter)
    assert "is already tied to a login" in answer.json()["message"]
    assert await total(shop) == 2


async def test_everything_wrong_with_a_sign_up_is_told_at_once(shop: Shop) -> None:
    answer = await shop.post(
        SIGN_UP, body("no address", "short", account={"lastName": "x" * 201, "userId": "me"}, region="x" * 501)
    )

    assert faults(answer) == ["lastName", "EmailAddress", "userId", "password", "region"]
    assert fault(answer)[2] == "lastName"
    assert await total(shop) == 0


async def test_a_login_needs_a_name_and_a_password(shop: Shop) -> None:
    assert faults(await shop.post(SIGN_UP, {})) == ["EmailAddress", "password"]
    assert faults(await shop.post(SIGN_UP, {"account": {"userName": " "}, "password": ""})) == [
        "EmailAddress",
        "password",
    ]
    named = await shop.post(SIGN_UP, {"account": {"userName": "jo"}, "password": PASSWORD})
    assert named.status_code == 201
    assert named.json()["customerAccount"]["emailAddress"] is None
    assert (await sign_in(shop, "JO")).status_code == 201


@pytest.mark.parametrize("password", ["abc12", "a1" * 65, "12345678", "abcdefgh", "!!!!!!!!"])
async def test_a_password_against_the_rule_is_refused(shop: Shop, password: str) -> None:
    assert fault(await shop.post(SIGN_UP, body(password=password)))[2] == "password"


async def test_the_password_rule_is_the_tenants(shop: Shop) -> None:
    await set_policy(shop, password={"length_min": 12, "needs_digit": False})

    assert fault(await shop.post(SIGN_UP, body(password=PASSWORD[:11])))[2] == "password"
    assert (await shop.post(SIGN_UP, body(password="only-letters-here"))).status_code == 201


async def test_a_password_is_the_same_on_every_keyboard(shop: Shop) -> None:
    await shop.shopper("Ｐａｓｓwörd1", emailAddress="jo@example.com")

    assert (await sign_in(shop, "jo@example.com", "Passwo\u0308rd1")).status_code == 201
    assert (await sign_in(shop, "jo@example.com", "Password1")).status_code == 401


async def test_a_guest_with_the_same_address_keeps_what_is_theirs(shop: Shop) -> None:
    guest = await shop.account(emailAddress="jo@example.com", firstName="Guest", notes=[{"content": "Likes tea"}])
    await shop.contact(guest["id"])

    ticket = (await shop.post(SIGN_UP, body("Jo@example.com"))).json()

    account = (await shop.get(f"{ACCOUNTS}/{ticket['customerAccount']['id']}")).json()
    assert account["id"] != guest["id"]
    assert (account["firstName"], account["contacts"], account["notes"]) == (None, [], [])
    kept = (await shop.get(f"{ACCOUNTS}/{guest['id']}")).json()
    assert (kept["isAnonymous"], kept["emailAddress"], len(kept["contacts"])) == (True, "jo@example.com", 1)
    assert (await sign_in(shop, "jo@example.com")).json()["customerAccount"]["id"] == account["id"]


async def test_an_import_brings_its_dates_and_its_weak_password_and_writes_no_mail(
    shop: Shop, settings: Settings
) -> None:
    dates = {"customerSinceDate": "2019-04-01T00:00:00.000Z", "auditInfo": {"createDate": "2018-01-02T03:04:05.000Z"}}

    answer = await shop.post(SIGN_UP, body(password="x", isImport=True, account=dates))

    account = answer.json()["customerAccount"]
    assert answer.status_code == 201
    assert account["customerSinceDate"] == "2019-04-01T00:00:00.000Z"
    assert account["auditInfo"]["createDate"] == "2018-01-02T03:04:05.000Z"
    assert await mails(shop, settings) == []
    assert (await sign_in(shop, "jo@example.com", "x")).status_code == 201
    assert fault(await shop.post(SIGN_UP, body("a@example.com", "x" * 129, isImport=True)))[2] == "password"
    bad = body("b@example.com", "x", isImport=True, account={"customerSinceDate": "soon"})
    assert fault(await shop.post(SIGN_UP, bad))[2] == "customerSinceDate"


async def test_the_dates_of_a_sign_up_that_is_no_import_are_ours(shop: Shop) -> None:
    dates = {"customerSinceDate": "soon", "auditInfo": {"createDate": "2018-01-02T03:04:05.000Z", "createBy": "me"}}

    account = (await shop.post(SIGN_UP, body(account=dates))).json()["customerAccount"]

    assert account["customerSinceDate"] == account["auditInfo"]["createDate"] > "2026"
    assert account["auditInfo"]["createBy"] == shop.client_id


async def test_another_systems_hash_is_for_imports_and_needs_a_reset(shop: Shop) -> None:
    foreign = "$2b$12$" + "a" * 53
    refused = await shop.post(SIGN_UP, body(password=None, externalPassword=foreign))
    assert fault(refused)[2] == "externalPassword"
    long = await shop.post(SIGN_UP, body(password=None, externalPassword="x" * 2001, isImport=True))
    assert fault(long)[2] == "externalPassword"

    answer = await shop.post(SIGN_UP, body(password=None, externalPassword=foreign, isImport=True))

    account = answer.json()["customerAccount"]
    assert (account["hasExternalPassword"], account["migrationRequired"]) == (True, True)
    assert fault(await sign_in(shop, "jo@example.com", foreign)) == (401, "UNAUTHORIZED", None)
    change = await shop.post(f"{ACCOUNTS}/{account['id']}/Change-Password", {"newPassword": PASSWORD})
    assert change.status_code == 200
    read = (await shop.get(f"{ACCOUNTS}/{account['id']}")).json()
    assert (read["hasExternalPassword"], read["migrationRequired"]) == (False, False)
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_shopper_may_not_import(shop: Shop) -> None:
    nobody = await anonymous(shop)

    answer = await shop.post(SIGN_UP, body(password="x", isImport=True), shopper=nobody["accessToken"])

    assert fault(answer)[:2] == (403, "FORBIDDEN")
    assert await total(shop) == 0


async def test_a_tenant_can_do_without_the_welcome_mail(shop: Shop, settings: Settings) -> None:
    await set_policy(shop, suppressed_mails=["shopperLoginCreated"])

    await shop.shopper()

    assert await mails(shop, settings) == []


async def test_an_anonymous_shopper_signs_up_under_its_own_user_id_only(shop: Shop) -> None:
    nobody, somebody = await anonymous(shop), await anonymous(shop)

    other = body(account={"userId": somebody["userId"]})
    assert fault(await shop.post(SIGN_UP, other, shopper=nobody["accessToken"]))[2] == "userId"
    own = body(account={"userId": nobody["userId"]})
    ticket = (await shop.post(SIGN_UP, own, shopper=nobody["accessToken"])).json()

    assert ticket["userId"] == ticket["customerAccount"]["userId"] == nobody["userId"]
    again = body("kim@example.com", account={"userId": nobody["userId"]})
    assert fault(await shop.post(SIGN_UP, again, shopper=nobody["accessToken"]))[:2] == (409, "ITEM_ALREADY_EXISTS")


async def create_login(shop: Shop, account_id: object, **more: object) -> httpx.Response:
    shopper = more.pop("shopper", None)
    return await shop.post(f"{ACCOUNTS}/{account_id}/Create-Login", {"password": PASSWORD, **more}, shopper=shopper)  # type: ignore[arg-type]


async def test_a_guest_becomes_a_registered_customer_with_all_that_is_theirs(shop: Shop) -> None:
    guest = await shop.account(emailAddress="Jo@Example.com", firstName="Jo")
    await shop.contact(guest["id"])
    before = (await shop.get(ACCOUNTS, params={"isAnonymous": True, "pageSize": 0})).json()["totalCount"]

    answer = await create_login(shop, guest["id"])

    account = answer.json()["customerAccount"]
    assert answer.status_code == 201
    assert (account["id"], account["isAnonymous"], account["userName"]) == (guest["id"], False, "Jo@Example.com")
    assert len(account["contacts"]) == 1
    after = (await shop.get(ACCOUNTS, params={"isAnonymous": True, "pageSize": 0})).json()["totalCount"]
    assert (before, after) == (1, 0)
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_new_login_may_bring_another_address_and_user_name(shop: Shop) -> None:
    guest = await shop.account(emailAddress="old@example.com")

    answer = await create_login(shop, guest["id"], emailAddress=" new@example.com ", username="Jo")

    account = answer.json()["customerAccount"]
    assert (account["emailAddress"], account["userName"]) == ("new@example.com", "Jo")
    assert (await sign_in(shop, "old@example.com")).status_code == 401
    assert (await sign_in(shop, "new@example.com")).status_code == 201
    assert (await sign_in(shop, "jo")).status_code == 201


async def test_an_account_with_a_login_is_refused_before_anything_else_is_judged(shop: Shop) -> None:
    account_id = (await shop.shopper())["customerAccount"]["id"]

    for more in ({}, {"password": "x"}, {"emailAddress": "no address"}, {"authTicketTtlMinutes": 0}):
        assert fault(await create_login(shop, account_id, **more))[:2] == (409, "VALIDATION_CONFLICT"), more


async def test_a_login_out_of_a_guest_is_checked_like_any_other(shop: Shop) -> None:
    await shop.shopper(emailAddress="jo@example.com", userName="jo")
    guest = await shop.account(emailAddress="guest@example.com")
    nameless = await shop.account(emailAddress=None)

    assert fault(await create_login(shop, guest["id"], username="JO"))[::2] == (400, "username")
    assert fault(await create_login(shop, guest["id"], emailAddress="JO@example.com"))[::2] == (400, "EmailAddress")
    assert fault(await create_login(shop, guest["id"], emailAddress="no address"))[::2] == (400, "EmailAddress")
    assert fault(await create_login(shop, guest["id"], password="short"))[::2] == (400, "password")
    assert fault(await create_login(shop, nameless["id"]))[::2] == (400, "EmailAddress")
    assert fault(await create_login(shop, 999_999_999))[:2] == (404, "ITEM_NOT_FOUND")
    read = (await shop.get(f"{ACCOUNTS}/{guest['id']}")).json()
    assert (read["isAnonymous"], read["emailAddress"], read["userName"]) == (True, "guest@example.com", None)


async def test_a_disabled_guest_gets_no_login(shop: Shop) -> None:
    guest = await shop.account()
    await shop.post(f"{ACCOUNTS}/{guest['id']}/action", {"actionName": "DisableAccount"})

    assert fault(await create_login(shop, guest["id"]))[:2] == (409, "VALIDATION_CONFLICT")


async def test_a_login_is_made_at_a_site_of_the_accounts_own_customer_set(shop: Shop) -> None:
    guest = await shop.account()
    db = shop.database.session()
    async with db.transaction():
        await tenants.create_customer_set(db, shop.tenant_id, code="europe", name="Europe", now=clock())
        elsewhere = await tenants.create_site(db, shop.tenant_id, name="Europe", customer_set="europe", now=clock())

    shop.site_id, shop.token = elsewhere, await shop.sign_in()

    assert fault(await create_login(shop, guest["id"]))[::2] == (400, "customerSet")


async def test_an_anonymous_shopper_registers_only_the_account_that_stems_from_it(shop: Shop) -> None:
    nobody = await anonymous(shop)
    token = nobody["accessToken"]
    own = await shop.post(ACCOUNTS, {"userId": nobody["userId"]}, shopper=token)
    guest = await shop.account()
    registered = (await shop.shopper())["customerAccount"]

    for account_id in (guest["id"], registered["id"], 999_999_999):
        refused = await create_login(shop, account_id, shopper=token)
        assert fault(refused)[:2] == (403, "FORBIDDEN"), account_id
    answer = await create_login(shop, own.json()["id"], shopper=token, emailAddress="jo@example.com")

    assert answer.status_code == 201, answer.text
    assert answer.json()["userId"] == nobody["userId"]
    assert fault(await create_login(shop, own.json()["id"], shopper=token))[:2] == (409, "VALIDATION_CONFLICT")


async def test_a_repeated_request_for_a_login_gets_the_first_answer(shop: Shop) -> None:
    guest = await shop.account()
    path, headers = f"{ACCOUNTS}/{guest['id']}/Create-Login", {"Idempotency-Key": random_token()}

    first = await shop.post(path, {"password": PASSWORD}, headers=headers)
    second = await shop.post(path, {"password": PASSWORD}, headers=headers)
    other = await shop.post(path, {"password": "Another-horse-8"}, headers=headers)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert fault(other)[:2] == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_many_accounts_are_made_at_once_and_nobody_is_signed_in(shop: Shop, settings: Settings) -> None:
    rows = [body(f"{n}@example.com", account={"externalId": str(n)}) for n in range(3)]
    rows[2]["isImport"] = True

    answer = await shop.post(BULK, rows)

    made = answer.json()
    assert answer.status_code == 201
    assert (made["totalCount"], made["pageCount"], len(made["items"])) == (3, 1, 3)
    assert [one["externalId"] for one in made["items"]] == ["0", "1", "2"]
    assert (await state(shop, made["items"][0]["id"]))["lastLoginOn"] is None
    assert len(await mails(shop, settings)) == 2
    assert (
        await shop.database.session().value("select count(*) from ticket_family where tenant_id = $1", shop.tenant_id)
        == 0
    )


async def test_of_many_accounts_every_bad_row_is_named_and_none_is_made(shop: Shop) -> None:
    await shop.shopper(emailAddress="taken@example.com", userName="taken")

    unreadable = [body(), body("no address"), body("a@example.com", "short"), {}]
    assert faults(await shop.post(BULK, unreadable)) == [
        "[1].EmailAddress", "[2].password", "[3].EmailAddress", "[3].password",
    ]  # fmt: skip
    user_id = random_token()
    taken = [
        body("same@example.com", account={"userId": user_id}),
        body("other@example.com", account={"userId": user_id}),
        body("SAME@example.com"),
        body("Taken@example.com"),
        body("b@example.com", account={"userName": "TAKEN"}),
        body("c@example.com"),
    ]
    answer = await shop.post(BULK, taken)
    assert faults(answer) == ["[1].userId", "[2].EmailAddress", "[3].EmailAddress", "[4].username"]
    assert answer.json()["items"][0]["message"] == "Missing or invalid parameter: [1].userId is in use"

    assert await total(shop) == 1
    assert (await shop.post(SIGN_UP, body("same@example.com"))).status_code == 201


@pytest.mark.parametrize("count", [0, 101])
async def test_the_number_of_accounts_made_at_once_is_limited(shop: Shop, count: int) -> None:
    rows = [body(f"{n}@example.com") for n in range(count)]

    assert fault(await shop.post(BULK, rows))[::2] == (400, "body")


async def test_a_shopper_makes_one_account_at_a_time(shop: Shop) -> None:
    nobody = await anonymous(shop)

    assert fault(await shop.post(BULK, [body()], shopper=nobody["accessToken"]))[:2] == (403, "FORBIDDEN")


async def test_lifetimes_are_judged_before_an_account_is_made(shop: Shop) -> None:
    modest = await open_shop(shop.http, shop.database, tuple(b for b in BEHAVIORS if not b.startswith("customer-auth")))

    over = await shop.post(SIGN_UP, body(authTicketTtlMinutes=1441))
    without = await modest.post(SIGN_UP, body("no address", authTicketTtlMinutes=5))

    assert fault(over)[::2] == (400, "authTicketTtlMinutes")
    assert fault(without)[:2] == (403, "FORBIDDEN")
    assert await total(shop) == await total(modest) == 0
