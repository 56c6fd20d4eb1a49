"""How a login stands, and the two switches of the shop: locked, and must change the password."""

from datetime import timedelta

import pytest

from shoppers import at, is_signed_in, refresh, sign_in, state
from shops import ACCOUNTS, Shop, fault

SWITCHES = ("Set-Login-Locked", "Set-Password-Change-Required")


async def test_failures_are_counted_until_a_success(shop: Shop, clock: object) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    first = clock()

    for count in range(1, 5):
        await sign_in(shop, "jo@example.com", "Wrong-1")
        clock.advance(seconds=1)
        login = await state(shop, account_id)
        assert (login["failedLoginAttemptCount"], login["remainingLoginAttempts"]) == (count, 5 - count)
        assert abs(at(login["firstFailedLoginAttemptOn"]) - first) < timedelta(seconds=1)

    assert (await sign_in(shop, "jo@example.com")).status_code == 201
    login = await state(shop, account_id)
    assert (login["failedLoginAttemptCount"], login["remainingLoginAttempts"]) == (0, 5)
    assert login["firstFailedLoginAttemptOn"] is None
    assert at(login["lastLoginOn"]) > at(login["createdOn"])


async def test_the_delay_doubles_and_is_no_lock(shop: Shop, clock: object) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    for _ in range(5):
        await sign_in(shop, "jo@example.com", "Wrong-1")
    assert (await state(shop, account_id))["remainingLoginAttempts"] == 0

    for seconds in (30, 60, 120):
        clock.advance(seconds=seconds - 1)
        assert (await sign_in(shop, "jo@example.com")).status_code == 401
        clock.advance(seconds=1)
        assert (await state(shop, account_id))["remainingLoginAttempts"] == 1
        assert (await sign_in(shop, "jo@example.com", "Wrong-1")).status_code == 401

    login = await state(shop, account_id)
    assert (login["failedLoginAttemptCount"], login["isLocked"], login["lastLockedOn"]) == (8, False, None)
    clock.advance(seconds=240)
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_lock_is_seen_and_ends_every_ticket(shop: Shop, clock: object) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    for _ in range(4):
        await sign_in(shop, "jo@example.com", "Wrong-1")

    for _ in range(2):
        answer = await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)
        assert (answer.status_code, answer.content) == (200, b"")
    locked = await state(shop, account_id)
    assert locked["isLocked"] is True
    assert locked["lastLockedOn"] is not None
    assert (await shop.get(f"{ACCOUNTS}/{account_id}")).json()["isLocked"] is True
    found = await shop.get(ACCOUNTS, params={"filter": "isLocked eq true"})
    assert [one["id"] for one in found.json()["items"]] == [account_id]
    assert not await is_signed_in(shop, ticket)

    clock.advance(minutes=1)
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", False)
    unlocked = await state(shop, account_id)
    assert (unlocked["isLocked"], unlocked["lastLockedOn"]) == (False, locked["lastLockedOn"])
    assert unlocked["failedLoginAttemptCount"] == 0
    assert not await is_signed_in(shop, ticket)
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_locked_login_is_told_only_to_whom_knows_the_password(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    await shop.post(f"{ACCOUNTS}/{ticket['customerAccount']['id']}/Set-Login-Locked", True)

    right, wrong = await sign_in(shop, "jo@example.com"), await sign_in(shop, "jo@example.com", "Wrong-1")
    nobody = await sign_in(shop, "nobody@example.com", "Wrong-1")

    assert fault(right)[:2] == (403, "FORBIDDEN")
    assert "locked" in right.json()["message"]
    assert fault(wrong) == fault(nobody) == (401, "UNAUTHORIZED", None)
    assert wrong.json()["message"] == nobody.json()["message"]
    assert (await state(shop, ticket["customerAccount"]["id"]))["failedLoginAttemptCount"] == 1


async def test_whoever_must_change_the_password_is_signed_out_and_refused(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]

    assert (await shop.post(f"{ACCOUNTS}/{account_id}/Set-Password-Change-Required", True)).status_code == 200

    assert (await state(shop, account_id))["isPasswordChangeRequired"] is True
    assert not await is_signed_in(shop, ticket)
    assert (await refresh(shop, ticket)).status_code == 401
    assert fault(await sign_in(shop, "jo@example.com"))[:2] == (403, "FORBIDDEN")
    assert fault(await sign_in(shop, "jo@example.com", "Wrong-1"))[:2] == (401, "UNAUTHORIZED")
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Password-Change-Required", False)
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_new_password_ends_the_duty_to_change_it(shop: Shop, clock: object) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    await shop.post(f"{ACCOUNTS}/{account_id}/Set-Password-Change-Required", True)
    clock.advance(minutes=1)

    await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", {"newPassword": "Another-horse-8"})

    login = await state(shop, account_id)
    assert login["isPasswordChangeRequired"] is False
    assert login["lastPasswordChangeOn"] == login["updatedOn"] > login["createdOn"]
    assert (await sign_in(shop, "jo@example.com", "Another-horse-8")).status_code == 201


@pytest.mark.parametrize("switch", SWITCHES)
async def test_a_switch_takes_a_bare_true_or_false(shop: Shop, switch: str) -> None:
    account_id = (await shop.shopper())["customerAccount"]["id"]

    for content in (b"", b"null", b'"true"', b"1", b'{"locked":true}', b"[true]", b"tru"):
        answer = await shop.call("POST", f"{ACCOUNTS}/{account_id}/{switch}", content=content)
        assert fault(answer)[:2] == (400, "MISSING_OR_INVALID_PARAMETER"), content
    login = await state(shop, account_id)
    assert (login["isLocked"], login["isPasswordChangeRequired"]) == (False, False)


@pytest.mark.parametrize("switch", SWITCHES)
async def test_a_switch_is_for_logins_of_that_account(shop: Shop, switch: str) -> None:
    guest = await shop.account()
    ticket, other = await shop.shopper(), await shop.shopper()
    account_id = ticket["customerAccount"]["id"]

    assert fault(await shop.post(f"{ACCOUNTS}/{guest['id']}/{switch}", True))[:2] == (404, "ITEM_NOT_FOUND")
    assert fault(await shop.post(f"{ACCOUNTS}/999999999/{switch}", True))[:2] == (404, "ITEM_NOT_FOUND")
    foreign = await shop.post(f"{ACCOUNTS}/{account_id}/{switch}", True, params={"userId": other["userId"]})
    assert fault(foreign)[:2] == (404, "ITEM_NOT_FOUND")
    own = await shop.post(f"{ACCOUNTS}/{account_id}/{switch}", True, shopper=ticket["accessToken"])
    assert fault(own)[:2] == (403, "FORBIDDEN")
    right = await shop.post(f"{ACCOUNTS}/{account_id}/{switch}", True, params={"userId": ticket["userId"]})
    assert right.status_code == 200
    assert await is_signed_in(shop, other)


async def test_the_state_is_found_by_account_address_and_user_name(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="Jo@Example.com", userName="joanna")
    account_id = ticket["customerAccount"]["id"]
    by_id = await state(shop, account_id)

    for path, params in (
        (f"{account_id}/loginstate", {"userId": ticket["userId"]}),
        ("loginstatebyemailaddress", {"emailAddress": "jo@example.com"}),
        ("loginstatebyemailaddress", {"emailAddress": "JO@EXAMPLE.COM", "customerSetCode": "Default"}),
        ("loginstatebyusername", {"userName": "JoAnna"}),
        ("LoginStateByUserName", {"USERNAME": "joanna"}),
    ):
        answer = await shop.call("GET" if "/" in path else "POST", f"{ACCOUNTS}/{path}", params=params)
        assert answer.status_code == 200, (path, params)
        assert answer.json() == by_id
    own = await shop.get(f"{ACCOUNTS}/{account_id}/loginstate", shopper=ticket["accessToken"])
    assert own.json() == by_id


async def test_there_is_no_state_without_a_login(shop: Shop) -> None:
    guest = await shop.account(emailAddress="guest@example.com", userName="guest")
    ticket, other = await shop.shopper(), await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]

    for method, path, params in (
        ("GET", f"{guest['id']}/loginstate", {}),
        ("GET", f"{account_id}/loginstate", {"userId": other["userId"]}),
        ("POST", "loginstatebyemailaddress", {"emailAddress": "guest@example.com"}),
        ("POST", "loginstatebyusername", {"userName": "guest"}),
        ("POST", "loginstatebyusername", {"userName": "x" * 300}),
        ("POST", "loginstatebyemailaddress", {"emailAddress": "jo@example.com", "customerSetCode": "elsewhere"}),
    ):
        answer = await shop.call(method, f"{ACCOUNTS}/{path}", params=params)
        assert fault(answer)[:2] == (404, "ITEM_NOT_FOUND"), (path, params)
    for path, name in (("loginstatebyemailaddress", "emailAddress"), ("loginstatebyusername", "userName")):
        assert fault(await shop.post(f"{ACCOUNTS}/{path}")) == (400, "MISSING_OR_INVALID_PARAMETER", name)
        refused = await shop.post(f"{ACCOUNTS}/{path}", params={name: "jo@example.com"}, shopper=other["accessToken"])
        assert fault(refused)[:2] == (403, "FORBIDDEN")
