"""Signing in with a code by mail instead of a password (Kibo behaviour 8.4)."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from patron.logins.pace import SECONDS_MIN
from patron.settings import Settings
from shoppers import (
    anonymous,
    another,
    claims_of,
    is_signed_in,
    mailed_code,
    mails,
    set_policy,
    settings_changed,
    sign_in,
)
from shops import ACCOUNTS, TICKETS, Shop, fault
from stage import Clock

EMAIL = "jo@example.com"
KIND = "shopperSignInCode"


async def ask(shop: Shop, email: object = EMAIL, **more: Any) -> httpx.Response:
    """Ask for a code."""
    return await shop.post(f"{TICKETS}/otp/request", {"email": email}, **more)


async def use(
    shop: Shop, code: object, email: object = EMAIL, shopper: str | None = None, **more: Any
) -> httpx.Response:
    """An attempt to sign in with a code."""
    return await shop.post(f"{TICKETS}/otp/auth", {"email": email, "otpCode": code, **more}, shopper=shopper)


async def known(shop: Shop, email: str = EMAIL, **policy: object) -> dict[str, Any]:
    """A shopper of a shop where codes are switched on."""
    await set_policy(shop, email_code_sign_in=True, **policy)
    return await shop.shopper(emailAddress=email)


async def asked(shop: Shop, settings: Settings) -> str:
    """A code that was mailed."""
    assert (await ask(shop)).status_code == 200
    return await mailed_code(shop, settings, KIND)


async def test_a_mailed_code_signs_in(shop: Shop, settings: Settings) -> None:
    ticket = await known(shop, "Jo@Example.com")

    answer = await ask(shop, "ＪＯ@example.com")
    assert (answer.status_code, answer.content) == (200, b"")
    done = await use(shop, await mailed_code(shop, settings, KIND), "jo@EXAMPLE.com")

    assert done.status_code == 201, done.text
    assert done.json()["userId"] == ticket["userId"]
    assert done.json()["customerAccount"]["emailAddress"] == "Jo@Example.com"
    assert done.json()["customerAccount"]["last2FaDate"] is None
    assert await is_signed_in(shop, done.json())
    assert (await mails(shop, settings))[0][0].recipient == "Jo@Example.com"


async def test_where_codes_are_switched_off_both_calls_are_refused(shop: Shop) -> None:
    await shop.shopper(emailAddress=EMAIL)

    for answer in (await ask(shop), await use(shop, "123456"), await ask(shop, "nobody@example.com")):
        assert fault(answer)[:2] == (403, "FORBIDDEN")


async def test_the_site_may_switch_codes_on(shop: Shop, settings: Settings) -> None:
    await shop.shopper(emailAddress=EMAIL)
    await shop.database.session().execute(
        "update site set settings = $2 where tenant_id = $1", shop.tenant_id, {"email_code_sign_in": True}
    )
    await settings_changed(shop)

    assert (await use(shop, await asked(shop, settings))).status_code == 201


async def test_asking_tells_nobody_who_is_a_customer(shop: Shop, settings: Settings) -> None:
    await known(shop)
    await shop.shopper(emailAddress="other@example.com", userName="jo@work.example")
    await shop.account(emailAddress="guest@example.com")
    off = await shop.shopper(emailAddress="off@example.com")
    await shop.post(f"{ACCOUNTS}/{off['customerAccount']['id']}/action", {"actionName": "DisableAccount"})
    addresses = (EMAIL, "nobody@example.com", "guest@example.com", "off@example.com", "jo@work.example", "no address")

    answers = [await ask(shop, email, headers={"x-vol-correlation": "same"}) for email in addresses]

    assert {(answer.status_code, answer.content, str(dict(answer.headers))) for answer in answers} == {
        (200, b"", str(dict(answers[0].headers)))
    }
    assert [mail.recipient for mail, _ in await mails(shop, settings) if mail.kind == KIND] == [EMAIL]


async def test_wrong_codes_are_answered_alike_for_known_and_unknown_addresses(shop: Shop, settings: Settings) -> None:
    await known(shop)
    code = await asked(shop, settings)

    answers = [
        await use(shop, another(code)),
        await use(shop, code, "nobody@example.com"),
        await use(shop, "no digits"),
        await use(shop, code, "x" * 300),
    ]

    assert {(*fault(answer), answer.json()["message"]) for answer in answers} == {
        (401, "UNAUTHORIZED", None, "The code is wrong, or not good any more.")
    }


async def test_no_refusal_comes_sooner_for_whom_we_know(shop: Shop, settings: Settings) -> None:
    await known(shop)
    code = await asked(shop, settings)

    for call in (
        lambda: ask(shop),
        lambda: ask(shop, "nobody@example.com"),
        lambda: use(shop, another(code)),
        lambda: use(shop, another(code), "nobody@example.com"),
    ):
        began = time.monotonic()
        await call()
        assert time.monotonic() - began >= SECONDS_MIN


async def test_a_code_is_good_once_for_three_minutes(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    code = await asked(shop, settings)
    clock.advance(minutes=3)
    assert (await use(shop, code)).status_code == 401
    code = await asked(shop, settings)

    answers = await asyncio.gather(*(use(shop, code) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_three_wrong_entries_void_a_code(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    code = await asked(shop, settings)
    for _ in range(3):
        assert (await use(shop, another(code))).status_code == 401
    assert (await use(shop, code)).status_code == 401

    clock.advance(seconds=31)
    assert (await use(shop, await asked(shop, settings))).status_code == 201


async def test_within_thirty_seconds_no_other_code_is_mailed(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    code = await asked(shop, settings)
    assert (await ask(shop)).status_code == 200
    assert len([1 for mail, _ in await mails(shop, settings) if mail.kind == KIND]) == 1
    assert (await use(shop, code)).status_code == 201

    clock.advance(seconds=31)
    await ask(shop)
    assert len([1 for mail, _ in await mails(shop, settings) if mail.kind == KIND]) == 2


async def test_a_mailbox_gets_ten_codes_an_hour(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    for _ in range(12):
        assert (await ask(shop)).status_code == 200
        clock.advance(seconds=31)
    assert len([1 for mail, _ in await mails(shop, settings) if mail.kind == KIND]) == 10

    clock.advance(hours=1)
    shop.token = await shop.sign_in()
    assert (await use(shop, await asked(shop, settings))).status_code == 201


async def test_wrong_passwords_of_strangers_keep_nobody_out_who_reads_the_mail(shop: Shop, settings: Settings) -> None:
    await known(shop)
    for _ in range(6):
        await sign_in(shop, EMAIL, "Wrong-1")
    assert (await sign_in(shop, EMAIL)).status_code == 401

    done = await use(shop, await asked(shop, settings), fingerprint="phone")

    assert done.status_code == 201
    assert (await sign_in(shop, EMAIL)).status_code == 401  # the stranger's delay goes on
    assert (await sign_in(shop, EMAIL, fingerprint="phone")).status_code == 201  # the device is known from now on


async def test_wrong_codes_of_strangers_keep_no_known_device_out(shop: Shop, settings: Settings, clock: Clock) -> None:
    await known(shop)
    assert (await sign_in(shop, EMAIL, fingerprint="phone")).status_code == 201
    for _ in range(5):
        code = await asked(shop, settings)
        for _ in range(3):
            assert (await use(shop, another(code), fingerprint="stranger")).status_code == 401
        clock.advance(seconds=31)
    code = await asked(shop, settings)

    assert (await use(shop, code)).status_code == 401  # fifteen wrong ones in a row: none is taken for a day
    assert (await use(shop, another(code), fingerprint="phone")).status_code == 401
    assert (await use(shop, code, fingerprint="phone")).status_code == 201
    clock.advance(days=1)
    shop.token = await shop.sign_in()
    assert (await use(shop, await asked(shop, settings))).status_code == 201


async def test_wrong_codes_do_not_count_as_wrong_passwords(shop: Shop, settings: Settings) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    code = await asked(shop, settings)
    for _ in range(5):
        await use(shop, another(code))

    state = (await shop.get(f"{ACCOUNTS}/{account_id}/loginstate")).json()

    assert state["failedLoginAttemptCount"] == 0
    assert (await sign_in(shop, EMAIL)).status_code == 201


async def test_a_code_proves_the_mailbox_so_no_other_is_asked_for(shop: Shop, settings: Settings) -> None:
    await known(shop, second_factor={"always": True})

    done = await use(shop, await asked(shop, settings))

    assert (done.status_code, done.json()["requires2FA"]) == (201, False)


async def test_who_reads_the_mail_of_a_closed_login_is_told(shop: Shop, settings: Settings) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)
    code = await asked(shop, settings)

    assert fault(await use(shop, another(code)))[:2] == (401, "UNAUTHORIZED")
    assert fault(await use(shop, code))[:2] == (403, "FORBIDDEN")


async def test_a_code_to_an_old_address_is_worth_nothing(shop: Shop, settings: Settings) -> None:
    account_id = (await known(shop))["customerAccount"]["id"]
    code = await asked(shop, settings)
    await shop.put(f"{ACCOUNTS}/{account_id}", {"emailAddress": "new@example.com"})

    assert (await use(shop, code)).status_code == 401
    assert (await use(shop, code, "new@example.com")).status_code == 401


async def test_the_anonymous_shopper_is_remembered(shop: Shop, settings: Settings) -> None:
    await known(shop)
    nobody = await anonymous(shop)
    assert (await ask(shop, shopper=nobody["accessToken"])).status_code == 200

    done = await use(shop, await mailed_code(shop, settings, KIND), shopper=nobody["accessToken"])

    assert claims_of(done.json()["accessToken"])["prev"] == nobody["userId"]


async def test_a_code_of_another_shop_is_worth_nothing(shop: Shop, other_shop: Shop, settings: Settings) -> None:
    await known(shop)
    await known(other_shop)
    code, foreign = await asked(shop, settings), await asked(other_shop, settings)

    if code != foreign:
        assert (await use(shop, foreign)).status_code == 401
    assert (await use(shop, code)).status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        ("request", {}, "email"),
        ("request", {"email": ""}, "email"),
        ("request", {"email": 7}, "email"),
        ("auth", {"otpCode": "123456"}, "email"),
        ("auth", {"email": EMAIL}, "otpCode"),
        ("auth", {"email": EMAIL, "otpCode": "1" * 65}, "otpCode"),
        ("auth", {"email": EMAIL, "otpCode": 123456}, "otpCode"),
        ("auth", {"email": EMAIL, "otpCode": "123456", "fingerprint": "x" * 501}, "fingerprint"),
        ("auth", {"email": EMAIL, "otpCode": "123456", "region": "x" * 501}, "region"),
    ],
)
async def test_what_is_missing_or_too_long_is_named(
    shop: Shop, path: str, body: dict[str, Any], parameter: str
) -> None:
    await set_policy(shop, email_code_sign_in=True)

    answer = await shop.post(f"{TICKETS}/otp/{path}", body)

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", parameter)
