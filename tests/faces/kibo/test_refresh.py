"""How long tickets live, and how they are renewed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from patron.kernel.clock import clock as real_clock
from patron.kernel.secrets import random_token
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from shoppers import CURRENT, anonymous, at, claims_of, is_signed_in, refresh, set_policy, sign_in
from shops import TICKETS, Shop, fault, open_shop


async def test_a_refresh_gives_the_same_pair_for_thirty_seconds_and_then_ends_the_family(
    shop: Shop, clock: Any
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


def life(ticket: dict, of: str, clock: Any) -> timedelta:
    """How long a token lives from now on, to the second."""
    return timedelta(seconds=round((at(ticket[f"{of}Expiration"]) - clock()).total_seconds()))


async def test_a_ticket_lives_as_the_contract_says(shop: Shop, clock: Any) -> None:
    ticket, nobody = await shop.shopper(), await anonymous(shop)

    assert ticket["accessToken"] == ticket["jwtAccessToken"]
    assert life(ticket, "accessToken", clock) == life(nobody, "accessToken", clock) == timedelta(minutes=15)
    assert life(ticket, "refreshToken", clock) == timedelta(days=1)
    assert life(nobody, "refreshToken", clock) == timedelta(days=30)
    claims = claims_of(ticket["accessToken"])
    assert claims["exp"] == int(at(ticket["accessTokenExpiration"]).timestamp())
    assert (claims["sub"], claims["acc"]) == (ticket["userId"], ticket["customerAccount"]["id"])


async def test_an_access_token_ends_by_itself(shop: Shop, clock: Any) -> None:
    unused = await shop.shopper()
    clock.advance(minutes=15)

    answer = await shop.get(CURRENT, shopper=unused["accessToken"])

    assert fault(answer)[:2] == (401, "UNAUTHORIZED")
    assert "invalid_token" in answer.json()["message"]
    assert (await refresh(shop, unused)).status_code == 200


async def test_a_caller_may_choose_lifetimes_and_a_refresh_keeps_them(shop: Shop, clock: Any) -> None:
    await shop.shopper(emailAddress="jo@example.com")

    first = (await sign_in(shop, "jo@example.com", authTicketTtlMinutes=2.5, refreshTokenTtlMinutes=43_200)).json()
    clock.advance(days=1)
    shop.token = await shop.sign_in()
    second = (await refresh(shop, first)).json()

    assert life(second, "accessToken", clock) == timedelta(minutes=2.5)
    assert life(second, "refreshToken", clock) == timedelta(days=29)


@pytest.mark.parametrize(
    ("field", "minutes"),
    [("authTicketTtlMinutes", 1441), ("authTicketTtlMinutes", 0), ("authTicketTtlMinutes", -5),
     ("refreshTokenTtlMinutes", 43_201), ("refreshTokenTtlMinutes", 0.5), ("refreshTokenTtlMinutes", 1e30)],
)  # fmt: skip
async def test_lifetimes_have_caps(shop: Shop, field: str, minutes: float) -> None:
    await shop.shopper(emailAddress="jo@example.com")

    assert fault(await sign_in(shop, "jo@example.com", **{field: minutes}))[::2] == (400, field)


async def test_the_tenants_caps_count_below_ours(shop: Shop, clock: Any) -> None:
    await set_policy(shop, access_minutes_max=10, refresh_minutes_max=100_000, access_minutes=60)

    ticket = await shop.shopper(emailAddress="jo@example.com")

    assert life(ticket, "accessToken", clock) == timedelta(minutes=10)
    assert fault(await sign_in(shop, "jo@example.com", authTicketTtlMinutes=11))[::2] == (400, "authTicketTtlMinutes")
    over = await sign_in(shop, "jo@example.com", refreshTokenTtlMinutes=50_000)
    assert fault(over)[::2] == (400, "refreshTokenTtlMinutes")


async def test_choosing_lifetimes_takes_a_behavior(shop: Shop) -> None:
    others = tuple(b for b in BEHAVIORS if b != "customer-auth:configure-token-durations")
    modest = await open_shop(shop.http, shop.database, others)
    await modest.shopper(emailAddress="jo@example.com")

    for field in ("authTicketTtlMinutes", "refreshTokenTtlMinutes"):
        assert fault(await sign_in(modest, "jo@example.com", **{field: 5}))[:2] == (403, "FORBIDDEN")
    assert (await sign_in(modest, "jo@example.com")).status_code == 201


async def test_a_refresh_token_slides_but_not_beyond_thirty_days(shop: Shop, clock: Any) -> None:
    ticket = await shop.shopper(emailAddress="jo@example.com")
    begun = at(ticket["refreshTokenExpiration"]) - timedelta(days=1)

    while at(ticket["refreshTokenExpiration"]) - begun < timedelta(days=30):
        clock.advance(hours=23)
        shop.token = await shop.sign_in()
        answer = await refresh(shop, ticket)
        assert answer.status_code == 200, answer.text
        ticket = answer.json()

    assert at(ticket["refreshTokenExpiration"]) - begun == timedelta(days=30)
    clock.advance(hours=24)
    shop.token = await shop.sign_in()
    assert fault(await refresh(shop, ticket))[:2] == (401, "UNAUTHORIZED")


async def test_a_refresh_token_that_was_left_lying_has_expired(shop: Shop, clock: Any) -> None:
    ticket = await shop.shopper()
    clock.advance(days=1)
    shop.token = await shop.sign_in()

    refused = await refresh(shop, ticket)

    assert fault(refused)[:2] == (401, "UNAUTHORIZED")
    assert "invalid_token" in refused.json()["message"]


async def test_what_is_no_refresh_token_is_refused(shop: Shop, other_shop: Shop) -> None:
    ticket = await shop.shopper()
    token = ticket["refreshToken"]

    for bad in ("x", token[:-1], f"{token}0", token.upper(), token[:-1] + ("0" if token[-1] != "0" else "1"),
                f"{random_token()}{token[32:]}", f"{token[:32]}00000001{token[40:]}", ticket["accessToken"], "é" * 72,
                "x" * 10_000):  # fmt: skip
        assert fault(await refresh(shop, {"refreshToken": bad}))[:2] == (401, "UNAUTHORIZED"), bad
    assert (await refresh(other_shop, ticket)).status_code == 401
    assert fault(await shop.put(f"{TICKETS}/refresh"))[::2] == (400, "refreshToken")
    assert (await refresh(shop, ticket)).status_code == 200


async def test_a_refresh_token_is_its_applications_own(shop: Shop) -> None:
    ticket = await shop.shopper()
    token, secret = shop.token, random_token()
    db = shop.database.session()
    async with db.transaction():
        await tenants.create_application(
            db, shop.tenant_id, client_id=secret[:8], name="Other", secret=secret, behaviors=BEHAVIORS, now=real_clock()
        )
    shop.client_id, shop.client_secret = secret[:8], secret
    shop.token = await shop.sign_in()

    assert (await refresh(shop, ticket)).status_code == 401
    assert await is_signed_in(shop, ticket)
    shop.token = token
    assert (await refresh(shop, ticket)).status_code == 200


async def test_a_refresh_may_name_the_tickets_own_account_only(shop: Shop) -> None:
    ticket, other, nobody = await shop.shopper(), await shop.shopper(), await anonymous(shop)
    own = ticket["customerAccount"]["id"]

    wrong = await refresh(shop, ticket, accountId=other["customerAccount"]["id"])
    assert fault(wrong)[:2] == (403, "FORBIDDEN")
    assert fault(await refresh(shop, nobody, accountId=own))[:2] == (403, "FORBIDDEN")
    assert fault(await refresh(shop, ticket, accountId="me"))[::2] == (400, "accountId")
    named = await refresh(shop, ticket, accountId=own)
    assert (named.status_code, named.json()["customerAccount"]["id"]) == (200, own)
    assert (await refresh(shop, nobody)).json()["userId"] == nobody["userId"]
