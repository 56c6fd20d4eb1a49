"""Shopper tickets: who gets one, and what ends it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from shoppers import CURRENT, anonymous, claims_of, is_signed_in, refresh, sign_in
from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault


async def test_signing_up_signs_in(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="Jo@Example.com", firstName="Jo")

    account = ticket["customerAccount"]
    assert account["isAnonymous"] is False
    assert account["userName"] == "Jo@Example.com"
    assert account["userId"] == ticket["userId"]
    assert ticket["requires2FA"] is False
    current = await shop.get(CURRENT, shopper=ticket["accessToken"])
    assert current.status_code == 200
    assert current.json()["id"] == account["id"]


async def test_signing_in_takes_the_address_in_any_spelling(shop: Shop) -> None:
    await shop.shopper(emailAddress="Jo@Example.com")

    for name in ("jo@example.com", "JO@EXAMPLE.COM", "ｊｏ@example.com"):
        answer = await sign_in(shop, name)
        assert answer.status_code == 201, answer.text
        assert answer.json()["customerAccount"]["emailAddress"] == "Jo@Example.com"


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(shop: Shop) -> None:
    await shop.shopper(emailAddress="jo@example.com")

    wrong = await sign_in(shop, "jo@example.com", "Wrong-1")
    unknown = await sign_in(shop, "nobody@example.com", "Wrong-1")

    assert fault(wrong) == fault(unknown) == (401, "UNAUTHORIZED", None)
    assert wrong.json()["message"] == unknown.json()["message"]


async def test_five_failures_start_a_delay_that_a_known_device_passes(shop: Shop, clock: Any) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    assert (await sign_in(shop, "jo@example.com", fingerprint="phone")).status_code == 201
    for _ in range(5):
        assert (await sign_in(shop, "jo@example.com", "Wrong-1")).status_code == 401

    assert (await sign_in(shop, "jo@example.com")).status_code == 401
    assert (await sign_in(shop, "jo@example.com", fingerprint="stranger")).status_code == 401
    assert (await sign_in(shop, "jo@example.com", fingerprint="phone")).status_code == 201

    for _ in range(5):
        assert (await sign_in(shop, "jo@example.com", "Wrong-1")).status_code == 401
    clock.advance(seconds=31)
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_an_anonymous_shopper_is_remembered_at_sign_in(shop: Shop) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    nobody = await anonymous(shop)
    assert nobody["customerAccount"] is None
    assert fault(await shop.get(CURRENT, shopper=nobody["accessToken"]))[:2] == (404, "ITEM_NOT_FOUND")

    answer = await shop.post(
        TICKETS, {"username": "jo@example.com", "password": PASSWORD}, shopper=nobody["accessToken"]
    )

    assert answer.status_code == 201
    linked = await shop.database.session().value(
        "select anonymous_user_id from anonymous_link where tenant_id = $1", shop.tenant_id
    )
    assert linked == nobody["userId"]
    claims = claims_of(answer.json()["accessToken"])
    assert claims["prev"] == nobody["userId"]
    assert (claims["anon"], claims_of(nobody["accessToken"])["anon"]) == (False, True)
    again = (await refresh(shop, answer.json())).json()
    assert claims_of(again["accessToken"])["prev"] == nobody["userId"]


async def test_a_lock_ends_tickets_and_refuses_the_right_password(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]

    assert (await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)).status_code == 200

    assert (await shop.get(CURRENT, shopper=ticket["accessToken"])).status_code == 401
    assert (await refresh(shop, ticket)).status_code == 401
    assert fault(await sign_in(shop, "jo@example.com"))[:2] == (403, "FORBIDDEN")
    assert fault(await sign_in(shop, "jo@example.com", "Wrong-1"))[:2] == (401, "UNAUTHORIZED")
    assert (await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", False)).status_code == 200
    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_the_jwt_is_good_alone_as_bearer(shop: Shop) -> None:
    ticket = await shop.shopper()

    answer = await shop.http.get(CURRENT, headers={"Authorization": f"Bearer {ticket['jwtAccessToken']}"})

    assert answer.status_code == 200
    assert answer.json()["userId"] == ticket["userId"]


async def test_changing_the_password_ends_all_tickets(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    account_id = ticket["customerAccount"]["id"]
    body = {"oldPassword": PASSWORD, "newPassword": "Another-horse-8"}

    answer = await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", body, shopper=ticket["accessToken"])

    assert answer.status_code == 200, answer.text
    assert (await shop.get(CURRENT, shopper=ticket["accessToken"])).status_code == 401
    assert (await sign_in(shop, "jo@example.com")).status_code == 401
    assert (await sign_in(shop, "jo@example.com", "Another-horse-8")).status_code == 201


async def test_a_sign_in_may_name_its_own_account_only(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    own = ticket["customerAccount"]["id"]

    assert (await sign_in(shop, "jo@example.com", accountId=own)).status_code == 201
    assert fault(await sign_in(shop, "jo@example.com", accountId=own + 1)) == (401, "UNAUTHORIZED", None)


async def test_a_disabled_account_is_answered_like_a_wrong_password(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    action = f"{ACCOUNTS}/{ticket['customerAccount']['id']}/action"

    await shop.post(action, {"actionName": "DisableAccount"})
    refused, wrong = await sign_in(shop, "jo@example.com"), await sign_in(shop, "jo@example.com", "Wrong-1")

    assert fault(refused) == fault(wrong) == (401, "UNAUTHORIZED", None)
    assert refused.json()["message"] == wrong.json()["message"]
    assert not await is_signed_in(shop, ticket)
    assert (await refresh(shop, ticket)).status_code == 401
    await shop.post(action, {"actionName": "EnableAccount"})
    assert (await sign_in(shop, "jo@example.com")).status_code == 201
    assert (await refresh(shop, ticket)).status_code == 401


async def test_a_deleted_account_has_no_tickets(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    assert await is_signed_in(shop, ticket)

    assert (await shop.delete(f"{ACCOUNTS}/{ticket['customerAccount']['id']}")).status_code == 204

    assert not await is_signed_in(shop, ticket)
    assert (await refresh(shop, ticket)).status_code == 401
    assert fault(await sign_in(shop, "jo@example.com")) == (401, "UNAUTHORIZED", None)


@pytest.mark.parametrize(
    "change",
    [
        "update account set is_active = false where tenant_id = $1 and id = $2",
        "update login set is_locked = true, version = version + 1 where tenant_id = $1 and account_id = $2",
        "update login set password_hash = '', version = version + 1 where tenant_id = $1 and account_id = $2",
        "delete from account where tenant_id = $1 and id = $2",
    ],
    ids=["disable", "lock", "change the password", "delete"],
)
async def test_a_sign_in_waits_for_a_change_that_is_under_way(shop: Shop, change: str) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    key = (shop.tenant_id, ticket["customerAccount"]["id"])
    db, others = shop.database.session(), shop.database.session()

    async with db.transaction():
        await db.execute("select from account where tenant_id = $1 and id = $2 for update", *key)
        attempt = asyncio.create_task(sign_in(shop, "jo@example.com"))
        while not await others.value("select exists (select from pg_stat_activity where wait_event_type = 'Lock')"):
            assert not attempt.done(), attempt.result().text
            await asyncio.sleep(0.01)
        await db.execute(change, *key)

    assert fault(await attempt)[:2] == (401, "UNAUTHORIZED")


async def test_an_anonymous_shopper_is_somebody_new_each_time_and_may_stay(shop: Shop) -> None:
    one, two = await anonymous(shop), await anonymous(shop)

    assert one["userId"] != two["userId"]
    assert len(one["userId"]) == 32
    assert one["requires2FA"] is False
    again = (await refresh(shop, one)).json()
    assert (again["userId"], again["customerAccount"]) == (one["userId"], None)
    assert fault(await shop.get(ACCOUNTS, shopper=one["accessToken"]))[:2] == (403, "FORBIDDEN")


async def test_a_sign_in_says_all_that_is_missing(shop: Shop) -> None:
    answer = await shop.post(TICKETS, {"fingerprint": "x" * 501})

    names = [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]
    assert (answer.status_code, names) == (400, ["username", "password", "fingerprint"])
    for name, password in (("x" * 300, PASSWORD), ("x" * 500_000, PASSWORD), ("jo@example.com", "x" * 500_000)):
        assert fault(await sign_in(shop, name, password)) == (401, "UNAUTHORIZED", None)


async def test_somebody_who_does_not_exist_is_delayed_too(shop: Shop, clock: Any) -> None:
    """Otherwise the delay itself would tell who is a customer: whoever signs up meanwhile is not kept out."""
    for _ in range(5):
        await sign_in(shop, "jo@example.com", "Wrong-1")
    db = shop.database.session()
    delayed = "select delayed_until from sign_in_failure where tenant_id = $1"
    assert abs(await db.value(delayed, shop.tenant_id) - clock() - timedelta(seconds=30)) < timedelta(seconds=5)

    await shop.shopper(emailAddress="jo@example.com")

    assert (await sign_in(shop, "jo@example.com")).status_code == 201


async def test_a_hash_made_with_older_parameters_is_replaced_at_the_next_sign_in(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    dated = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    db, account_id = shop.database.session(), ticket["customerAccount"]["id"]
    stored = "select password_hash from login where tenant_id = $1 and account_id = $2"
    await db.execute(
        "update login set password_hash = $3 where tenant_id = $1 and account_id = $2",
        shop.tenant_id,
        account_id,
        dated,
    )

    assert (await sign_in(shop, "jo@example.com", "Wrong-1")).status_code == 401
    assert await db.value(stored, shop.tenant_id, account_id) == dated
    assert (await sign_in(shop, "jo@example.com")).status_code == 201

    replaced = await db.value(stored, shop.tenant_id, account_id)
    assert "m=19456,t=2,p=1" in replaced
    assert (await sign_in(shop, "jo@example.com")).status_code == 201
    assert await db.value(stored, shop.tenant_id, account_id) == replaced
    assert await is_signed_in(shop, ticket)


async def test_the_shopper_sees_no_notes_in_a_ticket(shop: Shop) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com", notes=[{"content": "Watch out"}])

    assert ticket["customerAccount"]["notes"] == []
    assert (await sign_in(shop, "jo@example.com")).json()["customerAccount"]["notes"] == []


async def test_response_fields_cut_a_ticket(shop: Shop) -> None:
    await shop.shopper(emailAddress="jo@example.com")

    body = {"username": "jo@example.com", "password": PASSWORD}
    answer = await shop.post(TICKETS, body, params={"responseFields": "accessToken,customerAccount(id)"})

    assert set(answer.json()) == {"accessToken", "customerAccount"}
    assert set(answer.json()["customerAccount"]) == {"id"}
