"""A code by mail besides the password: what it opens, and what ends it (Kibo behaviour 8.4)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from patron.settings import Settings
from second_steps import ALWAYS, EMAIL, begin, finish, known, resend
from shoppers import CURRENT, anonymous, another, at, claims_of, is_signed_in, mailed_code, mails, set_policy, sign_in
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault
from stage import Clock


async def test_a_right_password_and_the_mailed_code_sign_in(shop: Shop, settings: Settings) -> None:
    ticket = await known(shop)
    assert ticket["requires2FA"] is False  # not at sign-up

    waiting = await begin(shop)
    assert waiting["userId"] == ticket["userId"]
    assert (waiting["customerAccount"], waiting["refreshToken"], waiting["jwtAccessToken"]) == (None, None, None)
    assert 590 < claims_of(waiting["accessToken"])["exp"] - claims_of(waiting["accessToken"])["iat"] <= 600
    answer = await finish(shop, waiting["userId"], await mailed_code(shop, settings))

    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert done["requires2FA"] is False
    assert done["customerAccount"]["emailAddress"] == EMAIL
    assert done["customerAccount"]["last2FaDate"] is not None
    assert await is_signed_in(shop, done)
    again = (await shop.get(f"{ACCOUNTS}/{done['customerAccount']['id']}")).json()
    assert again["last2FaDate"] == done["customerAccount"]["last2FaDate"]


async def test_nothing_of_a_sign_in_is_noted_before_the_code(shop: Shop, settings: Settings, clock: Clock) -> None:
    ticket = await known(shop)
    state = f"{ACCOUNTS}/{ticket['customerAccount']['id']}/loginstate"
    before = (await shop.get(state)).json()["lastLoginOn"]
    clock.advance(minutes=1)

    waiting = await begin(shop)
    assert (await shop.get(state)).json()["lastLoginOn"] == before
    await finish(shop, waiting["userId"], await mailed_code(shop, settings))

    assert at((await shop.get(state)).json()["lastLoginOn"]) > at(before)


async def test_who_waits_may_have_the_code_sent_again_and_nothing_else(shop: Shop) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    waiting = await begin(shop)

    for method, path in (
        ("GET", CURRENT),
        ("GET", f"{ACCOUNTS}/{account_id}"),
        ("PUT", f"{ACCOUNTS}/{account_id}"),
        ("POST", f"{ACCOUNTS}/{account_id}/Change-Password"),
        ("GET", f"{ACCOUNTS}/{account_id}/secondfactors"),
        ("GET", f"{TICKETS}/anonymousshopper"),
    ):
        answer = await shop.call(method, path, shopper=waiting["accessToken"])
        assert fault(answer)[:2] == (401, "UNAUTHORIZED"), path
        alone = await shop.http.request(method, path, headers={"Authorization": f"Bearer {waiting['accessToken']}"})
        assert fault(alone)[:2] == (401, "UNAUTHORIZED"), path
    refreshed = await shop.put(f"{TICKETS}/refresh", params={"refreshToken": waiting["accessToken"]})
    assert fault(refreshed)[:2] == (401, "UNAUTHORIZED")


async def test_a_code_is_sent_again_every_thirty_seconds_five_times(
    shop: Shop, settings: Settings, clock: Clock
) -> None:
    await known(shop)
    waiting = await begin(shop)
    first = await mailed_code(shop, settings)

    early = await resend(shop, waiting)
    assert fault(early)[:2] == (429, "TOO_MANY_REQUESTS")
    assert 1 <= int(early.headers["Retry-After"]) <= 30
    codes = {first}
    for _ in range(5):
        clock.advance(seconds=31)
        shop.token = await shop.sign_in()
        answer = await resend(shop, waiting)
        assert (answer.status_code, answer.content) == (200, b"")
        codes.add(await mailed_code(shop, settings))
    clock.advance(seconds=31)
    assert fault(await resend(shop, waiting))[:2] == (429, "TOO_MANY_REQUESTS")

    sent = [mail for mail, _ in await mails(shop, settings) if mail.kind == "shopperSecondFactorCode"]
    assert len(sent) == 6
    assert len(codes) > 4  # of a million, two may be the same


async def test_only_the_newest_code_counts(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    waiting = await begin(shop)
    old = await mailed_code(shop, settings)
    new = old
    while new == old:
        clock.advance(seconds=31)
        assert (await resend(shop, waiting)).status_code == 200
        new = await mailed_code(shop, settings)

    assert fault(await finish(shop, waiting["userId"], old))[:2] == (401, "UNAUTHORIZED")
    assert (await finish(shop, waiting["userId"], new)).status_code == 201


async def test_a_code_is_good_once(shop: Shop, settings: Settings) -> None:
    await known(shop)
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)

    answers = await asyncio.gather(*(finish(shop, waiting["userId"], code) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401, 401]


async def test_a_code_is_good_for_three_minutes(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)
    clock.advance(minutes=3)
    assert fault(await finish(shop, waiting["userId"], code))[:2] == (401, "UNAUTHORIZED")

    assert (await resend(shop, waiting)).status_code == 200
    code = await mailed_code(shop, settings)
    clock.advance(minutes=2, seconds=59)
    assert (await finish(shop, waiting["userId"], code)).status_code == 201


async def test_a_sign_in_waits_for_ten_minutes(shop: Shop, clock: Clock) -> None:
    await known(shop)
    waiting = await begin(shop)
    clock.advance(minutes=10)

    assert fault(await resend(shop, waiting))[:2] == (401, "UNAUTHORIZED")


async def test_three_wrong_entries_void_a_code_and_another_can_be_asked_for(
    shop: Shop, settings: Settings, clock: Clock
) -> None:
    await known(shop)
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)

    for _ in range(3):
        assert fault(await finish(shop, waiting["userId"], another(code)))[:2] == (401, "UNAUTHORIZED")
    assert (await mails(shop, settings))[0][0].kind == "shopperSecondFactorFailed"
    assert fault(await finish(shop, waiting["userId"], code))[:2] == (401, "UNAUTHORIZED")

    clock.advance(seconds=31)
    assert (await resend(shop, waiting)).status_code == 200
    assert (await finish(shop, waiting["userId"], await mailed_code(shop, settings))).status_code == 201


async def test_guesses_that_come_at_once_get_three_tries(shop: Shop, settings: Settings) -> None:
    await known(shop)
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)

    await asyncio.gather(*(finish(shop, waiting["userId"], another(code)) for _ in range(8)))

    tries = await shop.database.session().value(
        "select failed_count from mailed_code where tenant_id = $1", shop.tenant_id
    )
    assert tries == 3
    assert (await finish(shop, waiting["userId"], code)).status_code == 401


async def test_wrong_codes_do_not_delay_the_password(shop: Shop, settings: Settings) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    for _ in range(3):
        waiting = await begin(shop)
        code = await mailed_code(shop, settings)
        for _ in range(3):
            await finish(shop, waiting["userId"], another(code))

    state = (await shop.get(f"{ACCOUNTS}/{account_id}/loginstate")).json()

    assert (state["failedLoginAttemptCount"], state["isLocked"]) == (0, False)
    assert (await begin(shop))["requires2FA"] is True


async def test_after_fifteen_wrong_codes_in_a_row_none_is_taken_for_a_day_or_until_a_new_password(
    shop: Shop, settings: Settings, clock: Clock
) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    for _ in range(5):
        waiting = await begin(shop)
        code = await mailed_code(shop, settings)
        for _ in range(3):
            await finish(shop, waiting["userId"], another(code))

    refused = await sign_in(shop, EMAIL)
    assert fault(refused)[:2] == (429, "TOO_MANY_REQUESTS")
    assert (await sign_in(shop, EMAIL, "Wrong-1")).status_code == 401

    await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", {"newPassword": "Another-horse-8"})
    waiting = (await sign_in(shop, EMAIL, "Another-horse-8")).json()
    assert (await finish(shop, waiting["userId"], await mailed_code(shop, settings))).status_code == 201


Change = Callable[[Shop, int], Awaitable[httpx.Response]]
CHANGES: dict[str, Change] = {
    "password": lambda shop, one: shop.post(f"{ACCOUNTS}/{one}/Change-Password", {"newPassword": "Another-horse-8"}),
    "lock": lambda shop, one: shop.post(f"{ACCOUNTS}/{one}/Set-Login-Locked", True),
    "disabled": lambda shop, one: shop.post(f"{ACCOUNTS}/{one}/action", {"actionName": "DisableAccount"}),
    "address": lambda shop, one: shop.put(f"{ACCOUNTS}/{one}", {"emailAddress": "new@example.com"}),
    "deleted": lambda shop, one: shop.delete(f"{ACCOUNTS}/{one}"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_changed_meanwhile_ends_the_wait(shop: Shop, settings: Settings, change: str) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)

    assert (await CHANGES[change](shop, account_id)).status_code in (200, 204)

    assert fault(await finish(shop, waiting["userId"], code))[:2] == (401, "UNAUTHORIZED")


async def test_the_lifetimes_and_the_anonymous_shopper_of_the_first_step_count(shop: Shop, settings: Settings) -> None:
    await known(shop)
    nobody = await anonymous(shop)
    body = {"username": EMAIL, "password": PASSWORD, "authTicketTtlMinutes": 5}
    waiting = (await shop.post(TICKETS, body, shopper=nobody["accessToken"])).json()

    done = await finish(shop, waiting["userId"], await mailed_code(shop, settings), shopper=waiting["accessToken"])

    claims = claims_of(done.json()["accessToken"])
    assert (claims["prev"], claims["exp"] - claims["iat"]) == (nobody["userId"], 300)


async def test_the_token_names_the_sign_in_that_is_finished(shop: Shop, settings: Settings) -> None:
    """Two devices wait; without the token the newest is meant."""
    await known(shop)
    one = await begin(shop)
    code_of_one = await mailed_code(shop, settings)
    other = await begin(shop)
    code_of_other = await mailed_code(shop, settings)

    assert (await finish(shop, one["userId"], code_of_one, shopper=one["accessToken"])).status_code == 201
    assert (await finish(shop, other["userId"], code_of_other)).status_code == 201


async def test_a_token_of_another_kind_asks_for_no_code(shop: Shop, other_shop: Shop) -> None:
    ticket = await known(shop)
    waiting = await begin(shop)
    nobody = await anonymous(shop)
    await other_shop.shopper(emailAddress=EMAIL)
    await set_policy(other_shop, **ALWAYS)
    foreign = await begin(other_shop)

    for token in (None, ticket["accessToken"], nobody["accessToken"], waiting["accessToken"] + "x", "none"):
        answer = await shop.post(f"{TICKETS}/2fa/request", shopper=token)
        assert fault(answer)[:2] == (401, "UNAUTHORIZED"), token
    for path in ("request", "auth"):
        answer = await shop.post(
            f"{TICKETS}/2fa/{path}", {"userId": "x", "otpCode": "1"}, shopper=foreign["accessToken"]
        )
        assert fault(answer)[:2] == (401, "UNAUTHORIZED")


async def test_codes_for_nobody_and_wrong_ones_are_answered_alike(shop: Shop, settings: Settings) -> None:
    await known(shop)
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)

    answers = [
        await finish(shop, waiting["userId"], another(code)),
        await finish(shop, "0" * 32, code),
        await finish(shop, waiting["userId"], "no digits"),
        await finish(shop, waiting["userId"], "１２３４５６"),
    ]

    assert {(*fault(answer), answer.json()["message"]) for answer in answers} == {
        (401, "UNAUTHORIZED", None, "The code is wrong, or not good any more.")
    }


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "userId"),
        ({"userId": "0" * 32}, "otpCode"),
        ({"userId": "0" * 32, "otpCode": ""}, "otpCode"),
        ({"userId": "0" * 32, "otpCode": "1" * 65}, "otpCode"),
        ({"userId": "0" * 32, "otpCode": 123456}, "otpCode"),
        ({"userId": 7, "otpCode": "123456"}, "userId"),
    ],
)
async def test_what_is_missing_or_no_code_is_named(shop: Shop, body: dict[str, Any], parameter: str) -> None:
    answer = await shop.post(f"{TICKETS}/2fa/auth", body)

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", parameter)


async def test_only_keyed_codes_of_codes_are_stored(shop: Shop, settings: Settings) -> None:
    await known(shop)
    await begin(shop)
    code = await mailed_code(shop, settings)

    stored = await shop.database.session().fetch("select * from mailed_code where tenant_id = $1", shop.tenant_id)
    subjects = [mail.subject for mail, _ in await mails(shop, settings)]

    assert code not in f"{[dict(row) for row in stored]} {subjects}"


async def test_the_events_say_what_happened(shop: Shop, settings: Settings) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    waiting = await begin(shop)
    code = await mailed_code(shop, settings)
    await finish(shop, waiting["userId"], another(code))
    await finish(shop, waiting["userId"], code)

    topics = await shop.database.session().fetch(
        "select topic from event where tenant_id = $1 and account_id = $2 order by id", shop.tenant_id, account_id
    )

    assert [row["topic"] for row in topics][-4:] == [
        *("login.second_factor_asked", "login.code_sent", "login.code_failed", "login.signed_in")
    ]


async def test_asking_again_with_one_key_mails_one_code(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    waiting = await begin(shop)
    clock.advance(seconds=31)
    key = {"Idempotency-Key": "again-1"}

    for _ in range(2):
        answer = await shop.post(f"{TICKETS}/2fa/request", shopper=waiting["accessToken"], headers=key)
        assert answer.status_code == 200

    sent = [mail for mail, _ in await mails(shop, settings) if mail.kind == "shopperSecondFactorCode"]
    assert len(sent) == 2
