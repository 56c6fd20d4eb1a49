"""Passwords: changed by their owner or the shop, reset by mail."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from patron.app import create_app
from patron.kernel.secrets import random_token
from patron.settings import Settings
from shoppers import STRONG, anonymous, is_signed_in, mails, refresh, reset_token, set_policy, sign_in, state
from shops import ACCOUNTS, PASSWORD, Shop, fault

RESET = f"{ACCOUNTS}/Reset-Password"
FORGOTTEN = f"{ACCOUNTS}/Update-Forgotten-Password"


async def change(
    shop: Shop, account_id: object, old: str | None, new: str | None = STRONG, **more: object
) -> httpx.Response:
    body = {"oldPassword": old, "newPassword": new}
    return await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", body, **more)  # type: ignore[arg-type]


async def update(shop: Shop, name: str, token: str, password: str = STRONG) -> httpx.Response:
    return await shop.post(FORGOTTEN, {"userName": name, "newPassword": password, "confirmationCode": token})


async def test_a_shopper_needs_the_old_password(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id, token = ticket["customerAccount"]["id"], ticket["accessToken"]

    for old in (None, "", "Wrong-1", PASSWORD.lower(), "x" * 100_000):
        refused = await change(shop, account_id, old, shopper=token)
        assert fault(refused) == (400, "MISSING_OR_INVALID_PARAMETER", "password"), old
    assert fault(await change(shop, account_id, PASSWORD, "short", shopper=token))[::2] == (400, "password")
    assert fault(await change(shop, account_id, PASSWORD, None, shopper=token))[::2] == (400, "password")
    body = {"oldPassword": PASSWORD, "externalPassword": "$2b$12$" + "a" * 53}
    hashed = await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", body, shopper=token)
    assert fault(hashed)[::2] == (400, "password")
    assert (await change(shop, account_id, PASSWORD, shopper=token)).status_code == 200

    assert (await sign_in(shop, "jo@example.com")).status_code == 401
    assert (await sign_in(shop, "jo@example.com", STRONG)).status_code == 201


async def test_a_wrong_old_password_is_slowed_down_like_a_sign_in(shop: Shop, clock: object) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id, token = ticket["customerAccount"]["id"], ticket["accessToken"]

    for _ in range(5):
        assert (await change(shop, account_id, "Wrong-1", shopper=token)).status_code == 400

    assert (await change(shop, account_id, PASSWORD, shopper=token)).status_code == 400
    clock.advance(seconds=31)
    assert (await change(shop, account_id, PASSWORD, shopper=token)).status_code == 200


async def test_strangers_guesses_do_not_keep_a_signed_in_owner_from_changing_the_password(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    for _ in range(5):
        await sign_in(shop, "jo@example.com", "Wrong-1")

    answer = await change(shop, ticket["customerAccount"]["id"], PASSWORD, shopper=ticket["accessToken"])

    assert answer.status_code == 200, answer.text
    assert (await sign_in(shop, "jo@example.com", STRONG)).status_code == 201


async def test_an_application_may_leave_the_old_password_out(shop: Shop, settings: Settings) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]

    assert fault(await change(shop, account_id, "Wrong-1"))[::2] == (400, "password")
    assert (await change(shop, account_id, None)).status_code == 200

    assert not await is_signed_in(shop, ticket)
    assert (await refresh(shop, ticket)).status_code == 401
    assert (await mails(shop, settings))[0][0].kind == "shopperPasswordUpdated"


async def test_a_login_that_is_not_there_has_no_password(shop: Shop) -> None:
    guest = await shop.account()
    ticket = await shop.shopper()
    account_id = ticket["customerAccount"]["id"]

    assert fault(await change(shop, guest["id"], None))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await change(shop, 999_999_999, None))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await change(shop, account_id, None, params={"userId": "f" * 32}))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await change(shop, guest["id"], None, shopper=ticket["accessToken"]))[:2] == (403, "FORBIDDEN")
    own = await change(shop, account_id, None, params={"userId": ticket["userId"]})
    assert own.status_code == 200


async def test_only_the_shop_unlocks_with_a_new_password(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)

    await change(shop, account_id, None)
    assert (await sign_in(shop, "jo@example.com", STRONG)).status_code == 403
    await change(shop, account_id, None, PASSWORD, params={"unlockAccount": "true"})

    assert (await sign_in(shop, "jo@example.com")).status_code == 201
    assert (await shop.get(f"{ACCOUNTS}/{account_id}")).json()["isLocked"] is False


async def test_two_changes_with_the_same_old_password_do_not_both_succeed(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]

    answers = await asyncio.gather(
        *(change(shop, account_id, PASSWORD, new, shopper=ticket["accessToken"]) for new in ("First-one-1", "Second-2"))
    )

    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sorted(answer.status_code for answer in answers)[1] in (400, 401)
    tried = [(await sign_in(shop, "jo@example.com", new)).status_code for new in ("First-one-1", "Second-2")]
    assert sorted(tried) == [201, 401]


async def test_a_repeated_change_gets_the_first_answer(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id, headers = ticket["customerAccount"]["id"], {"Idempotency-Key": random_token()}

    answers = [await change(shop, account_id, PASSWORD, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await state(shop, account_id))["failedLoginAttemptCount"] == 0


async def test_of_many_changes_each_says_what_came_of_it(shop: Shop) -> None:
    tickets = [await shop.shopper(emailAddress=f"{n}@example.com") for n in range(4)]
    ids = [ticket["customerAccount"]["id"] for ticket in tickets]
    await shop.post(f"{ACCOUNTS}/{ids[3]}/Set-Login-Locked", True)
    new = {"newPassword": STRONG}
    items = [
        {"accountId": ids[0], "passwordInfo": {**new, "oldPassword": PASSWORD}},
        {"accountId": ids[1], "passwordInfo": {**new, "oldPassword": "Wrong-1"}},
        {"accountId": ids[2], "passwordInfo": {"newPassword": "short"}},
        {"accountId": ids[3], "userId": tickets[3]["userId"], "unlockAccount": True, "passwordInfo": new},
        {"accountId": ids[3], "userId": tickets[0]["userId"], "passwordInfo": new},
        {"accountId": 999_999_999, "passwordInfo": new},
        {},
    ]

    answer = await shop.post(f"{ACCOUNTS}/Change-Passwords", {"items": items, "totalCount": len(items)})

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["totalCount"] == len(items)
    assert [row["succeeded"] for row in body["items"]] == [True, False, False, True, False, False, False]
    assert [row["accountId"] for row in body["items"]][:4] == ids
    assert [row["errorMessage"] is None for row in body["items"]] == [row["succeeded"] for row in body["items"]]
    assert "6 to 128" in body["items"][2]["errorMessage"]
    passwords = [STRONG, PASSWORD, PASSWORD, STRONG]
    for n, password in enumerate(passwords):
        assert (await sign_in(shop, f"{n}@example.com", password)).status_code == 201, n
        assert await is_signed_in(shop, tickets[n]) == (n in (1, 2))


async def test_the_number_of_changes_at_once_is_limited(shop: Shop) -> None:
    ticket = await shop.shopper()
    too_many = {"items": [{"accountId": 1}] * 101}

    assert fault(await shop.post(f"{ACCOUNTS}/Change-Passwords", too_many))[::2] == (400, "items")
    assert (await shop.post(f"{ACCOUNTS}/Change-Passwords", {})).json() == {"items": [], "totalCount": 0}
    as_shopper = await shop.post(f"{ACCOUNTS}/Change-Passwords", {}, shopper=ticket["accessToken"])
    assert fault(as_shopper)[:2] == (403, "FORBIDDEN")


async def test_a_reset_is_answered_alike_for_everybody(shop: Shop, settings: Settings) -> None:
    await shop.shopper(emailAddress="jo@example.com", userName="jo")
    await shop.shopper(emailAddress="off@example.com")
    await shop.shopper(emailAddress=None, userName="mailless")
    guest = await shop.account(emailAddress="guest@example.com")
    off = await sign_in(shop, "off@example.com")
    await shop.post(
        f"{ACCOUNTS}/{off.json()['customerAccount']['id']}/action", {"actionName": "DisableAccount"}
    )  # fmt: skip
    before = len(await mails(shop, settings))

    for who in (
        {"emailAddress": "nobody@example.com"},
        {"userName": "mailless"},
        {"emailAddress": guest["emailAddress"]},
        {"emailAddress": "off@example.com"},
        {"userName": "x" * 100_000},
        {"emailAddress": "jo@example.com", "customerSetCode": "elsewhere"},
    ):
        answer = await shop.post(RESET, who)
        assert (answer.status_code, answer.content) == (200, b""), who
    assert len(await mails(shop, settings)) == before
    for who in (
        {"emailAddress": "JO@example.com"},
        {"userName": "JO"},
        {"userName": "jo", "customerSetCode": "Default"},
    ):
        answer = await shop.post(RESET, who)
        assert (answer.status_code, answer.content) == (200, b""), who
    assert len(await mails(shop, settings)) == before + 3
    assert fault(await shop.post(RESET, {}))[::2] == (400, "resetPasswordInfo")


async def test_an_operator_can_have_the_old_answer_to_a_reset(shop: Shop, settings: Settings) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    app = create_app(replace(settings, legacy_reset=True))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        legacy = Shop(http, shop.database, **{k: v for k, v in vars(shop).items() if k not in ("http", "database")})
        legacy.token = shop.token

        unknown = await legacy.post(RESET, {"emailAddress": "nobody@example.com"})
        known = await legacy.post(RESET, {"emailAddress": "jo@example.com"})

    assert fault(unknown)[:2] == (404, "ITEM_NOT_FOUND")
    assert known.status_code == 200


async def test_a_mailed_link_sets_a_password_once_and_unlocks(shop: Shop, settings: Settings) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Password-Change-Required", True)
    token = await reset_token(shop, settings, emailAddress="jo@example.com")
    mail, text = (await mails(shop, settings))[0]
    assert f"/user/resetpasswordconfirm?t={token}&u={ticket['userId']}" in text.text
    assert mail.recipient == "jo@example.com"

    assert fault(await update(shop, "jo@example.com", token, "short"))[::2] == (400, "password")
    assert fault(await update(shop, "jo@example.com", "0" * 40))[::2] == (400, "confirmationCode")
    assert fault(await update(shop, "nobody@example.com", token))[::2] == (400, "confirmationCode")
    assert (await update(shop, "JO@example.com", token)).status_code == 200
    assert fault(await update(shop, "jo@example.com", token, "Third-horse-9"))[::2] == (400, "confirmationCode")

    assert (await sign_in(shop, "jo@example.com", STRONG)).status_code == 201
    login = await state(shop, account_id)
    assert (login["isLocked"], login["isPasswordChangeRequired"]) == (False, False)
    assert (await mails(shop, settings))[0][0].kind == "shopperPasswordUpdated"


async def test_the_user_id_in_the_link_will_do_for_the_user_name(shop: Shop, settings: Settings) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    token = await reset_token(shop, settings, emailAddress="jo@example.com")

    assert fault(await update(shop, "f" * 32, token))[::2] == (400, "confirmationCode")
    assert (await update(shop, ticket["userId"], token)).status_code == 200


async def test_only_the_newest_link_counts_and_for_three_days(shop: Shop, settings: Settings, clock: object) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    older = await reset_token(shop, settings, emailAddress="jo@example.com")
    newest = await reset_token(shop, settings, emailAddress="jo@example.com")

    assert fault(await update(shop, "jo@example.com", older))[::2] == (400, "confirmationCode")
    clock.advance(hours=72)
    shop.token = await shop.sign_in()
    assert fault(await update(shop, "jo@example.com", newest))[::2] == (400, "confirmationCode")
    clock.advance(seconds=-1)
    assert (await update(shop, "jo@example.com", newest)).status_code == 200


async def test_a_link_is_good_once_however_many_use_it_at_once(shop: Shop, settings: Settings) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    token = await reset_token(shop, settings, emailAddress="jo@example.com")
    new = [f"Password-{n}" for n in range(8)]

    answers = await asyncio.gather(*(update(shop, "jo@example.com", token, password) for password in new))

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200] + [400] * 7
    assert {fault(answer)[2] for answer in answers if answer.status_code == 400} == {"confirmationCode"}
    winner = new[statuses.index(200)]
    assert (await sign_in(shop, "jo@example.com", winner)).status_code == 201


async def test_a_link_passes_the_delay_that_strangers_caused(shop: Shop, settings: Settings) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    for _ in range(5):
        await sign_in(shop, "jo@example.com", "Wrong-1")
    token = await reset_token(shop, settings, emailAddress="jo@example.com")

    assert (await update(shop, "jo@example.com", token)).status_code == 200
    assert (await sign_in(shop, "jo@example.com", STRONG)).status_code == 201


async def test_a_mailbox_gets_ten_links_an_hour(shop: Shop, settings: Settings, clock: object) -> None:
    await shop.shopper(emailAddress="jo@example.com")

    for _ in range(12):
        assert (await shop.post(RESET, {"emailAddress": "jo@example.com"})).status_code == 200
    sent = [mail for mail, _ in await mails(shop, settings) if mail.kind == "shopperPasswordReset"]
    assert len(sent) == 10
    clock.advance(hours=1, seconds=1)
    shop.token = await shop.sign_in()
    await shop.post(RESET, {"emailAddress": "jo@example.com"})
    assert len(await mails(shop, settings)) == 12


async def test_a_forgotten_password_needs_all_three(shop: Shop) -> None:
    answer = await shop.post(FORGOTTEN, {})

    names = [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]
    assert (answer.status_code, names) == (400, ["userName", "confirmationCode"])


async def test_an_anonymous_shopper_may_reset_a_password(shop: Shop, settings: Settings) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    token = (await anonymous(shop))["accessToken"]

    assert (await shop.post(RESET, {"emailAddress": "jo@example.com"}, shopper=token)).status_code == 200

    assert (await mails(shop, settings))[0][0].kind == "shopperPasswordReset"


@pytest.mark.parametrize(
    "kind", ["shopperPasswordReset", "shopperPasswordUpdated", "shopperEmailUpdated", "shopperLoginCreated"]
)
async def test_a_tenant_can_do_without_a_kind_of_mail(shop: Shop, settings: Settings, kind: str) -> None:
    await set_policy(shop, suppressed_mails=[kind])
    account = (await shop.shopper(emailAddress="jo@example.com"))["customerAccount"]

    await shop.post(RESET, {"emailAddress": "jo@example.com"})
    await change(shop, account["id"], None)
    await shop.put(f"{ACCOUNTS}/{account['id']}", {**account, "emailAddress": "new@example.com"})

    kinds = {mail.kind for mail, _ in await mails(shop, settings)}
    every = {"shopperPasswordReset", "shopperPasswordUpdated", "shopperEmailUpdated", "shopperLoginCreated"}
    assert kinds == every - {kind}
