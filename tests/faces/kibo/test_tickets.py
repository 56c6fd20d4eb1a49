"""Shopper tickets: sign in, stay signed in, and what ends it."""

import asyncio

from shops import ACCOUNTS, PASSWORD, TICKETS, Shop, fault

CURRENT = f"{ACCOUNTS}/current"


async def sign_in(shop: Shop, name: str, password: str = PASSWORD, **more: object) -> object:
    return await shop.post(TICKETS, {"username": name, "password": password, **more})


async def refresh(shop: Shop, ticket: dict) -> object:
    return await shop.put(f"{TICKETS}/refresh", params={"refreshToken": ticket["refreshToken"]})


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


async def test_five_failures_start_a_delay_that_a_known_device_passes(shop: Shop, clock: object) -> None:
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


async def test_a_refresh_gives_the_same_pair_for_thirty_seconds_and_then_ends_the_family(
    shop: Shop, clock: object
) -> None:
    first = await shop.shopper()
    clock.advance(seconds=5)

    second = (await refresh(shop, first)).json()
    clock.advance(seconds=20)
    again = (await refresh(shop, first)).json()

    assert second["refreshToken"] != first["refreshToken"]
    assert {k: v for k, v in again.items() if k != "customerAccount"} == {
        k: v for k, v in second.items() if k != "customerAccount"
    }

    clock.advance(seconds=20)
    assert fault(await refresh(shop, first))[:2] == (401, "UNAUTHORIZED")
    assert (await refresh(shop, second)).status_code == 401
    assert (await shop.get(CURRENT, shopper=second["accessToken"])).status_code == 401


async def test_parallel_refreshes_give_one_pair(shop: Shop) -> None:
    first = await shop.shopper()

    answers = await asyncio.gather(*(refresh(shop, first) for _ in range(10)))

    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["refreshToken"] for a in answers}) == 1
    assert len({a.json()["accessToken"] for a in answers}) == 1


async def test_an_anonymous_shopper_is_remembered_at_sign_in(shop: Shop) -> None:
    await shop.shopper(emailAddress="jo@example.com")
    anonymous = (await shop.get(f"{TICKETS}/anonymousshopper")).json()
    assert anonymous["customerAccount"] is None
    assert fault(await shop.get(CURRENT, shopper=anonymous["accessToken"]))[:2] == (404, "ITEM_NOT_FOUND")

    answer = await shop.post(
        TICKETS, {"username": "jo@example.com", "password": PASSWORD}, shopper=anonymous["accessToken"]
    )

    assert answer.status_code == 201
    linked = await shop.database.session().value(
        "select anonymous_user_id from anonymous_link where tenant_id = $1", shop.tenant_id
    )
    assert linked == anonymous["userId"]


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
