"""Acting for a shopper: who may, for whom, how long, and that both names are told (Kibo behaviour 8.5)."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import patron
from agents import CART, IMPERSONATE, acting, impersonate
from audit_log import entries
from patron.kernel.clock import clock as real_clock
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import random_token
from patron.logins import impersonation
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from shoppers import CURRENT, anonymous, at, claims_of, is_signed_in, refresh, set_policy, state
from shops import ACCOUNTS, Shop, fault

PACKAGE = Path(patron.__file__).parent


def id_of(ticket: dict[str, Any]) -> int:
    """The account of a ticket."""
    return int(ticket["customerAccount"]["id"])


async def second_application(shop: Shop, behaviors: tuple[str, ...] = BEHAVIORS) -> Shop:
    """The same shop, called by another application."""
    name, secret = f"{random_token(6)}.desk.1.0.0.Release", random_token()
    await tenants.create_application(
        shop.database.session(),
        shop.tenant_id,
        client_id=name,
        name="Service desk",
        secret=secret,
        behaviors=behaviors,
        site_id=shop.site_id,
        now=real_clock(),
    )
    facts = {"tenant_id": shop.tenant_id, "site_id": shop.site_id, "client_id": name, "client_secret": secret}
    desk = Shop(shop.http, shop.database, **facts)
    desk.token = await desk.sign_in()
    return desk


async def disable(shop: Shop) -> None:
    """Switch the application off, as `patron application disable` does, without its way to tell other processes."""
    db = shop.database.session()
    async with db.transaction():
        ids = await tenants.disable_application(db, Revocations(shop.database, lambda _: None), shop.client_id)
        await impersonation.end_all(db, *ids, real_clock())


async def renew(shop: Shop, behaviors: tuple[str, ...] = BEHAVIORS) -> None:
    """Switch the application on, with these behaviors."""
    db, secret = shop.database.session(), shop.client_secret
    async with db.transaction():
        told = Revocations(shop.database, lambda _: None)
        await tenants.renew_application(db, told, shop.client_id, secret=secret, behaviors=behaviors)


async def test_a_ticket_for_a_registered_shoppers_cart_names_both(shop: Shop, clock: Any) -> None:
    own = await shop.shopper(firstName="Jo", notes=[{"content": "Difficult"}])
    before = await state(shop, id_of(own))

    ticket = await acting(shop, accountId=id_of(own), userId=own["userId"])

    assert ticket["userId"] == own["userId"]
    assert ticket["customerAccount"] == own["customerAccount"] | {"notes": []}
    assert ticket["requires2FA"] is False
    claims = claims_of(ticket["accessToken"])
    assert (claims["sub"], claims["acc"], claims["anon"]) == (own["userId"], id_of(own), False)
    assert (claims["act"], claims["cart"]) == ({"sub": shop.client_id}, CART)
    lives = [at(ticket[f"{name}Expiration"]) - clock() for name in ("accessToken", "refreshToken")]
    assert [round(life / timedelta(minutes=1)) for life in lives] == [15, 60]
    current = await shop.get(CURRENT, shopper=ticket["accessToken"])
    assert current.json()["id"] == id_of(own)
    assert await state(shop, id_of(own)) == before
    assert await is_signed_in(shop, own)


async def test_the_user_id_alone_leads_to_an_account_or_to_an_anonymous_shopper(shop: Shop) -> None:
    own, nobody = await shop.shopper(), await anonymous(shop)

    known = await acting(shop, userId=own["userId"], accountId=0)
    unknown = await acting(shop, userId=nobody["userId"])

    assert id_of(known) == id_of(own)
    assert (unknown["userId"], unknown["customerAccount"]) == (nobody["userId"], None)
    claims = claims_of(unknown["accessToken"])
    assert (claims["anon"], claims["cart"], "acc" in claims) == (True, CART, False)
    assert fault(await shop.get(CURRENT, shopper=unknown["accessToken"]))[0] == 404


async def test_a_guest_who_was_an_anonymous_shopper_has_a_cart_too_and_one_without_a_user_has_none(shop: Shop) -> None:
    nobody = await anonymous(shop)
    guest = await shop.account(userId=nobody["userId"])
    bare = await shop.account()

    assert id_of(await acting(shop, accountId=guest["id"])) == guest["id"]
    assert fault(await impersonate(shop, accountId=bare["id"])) == (409, "VALIDATION_CONFLICT", None)


@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        ({}, ["cartId", "userId"]),
        ({"cartId": " ", "accountId": 1}, ["cartId"]),
        ({"cartId": "x" * 101, "accountId": 1}, ["cartId"]),
        ({"cartId": "x", "accountId": 1, "impersonatorId": "x" * 101}, ["impersonatorId"]),
        ({"cartId": "x", "accountId": 0, "userId": ""}, ["userId"]),
        ({"cartId": "x", "accountId": "x"}, ["accountId"]),
        ({"cartId": "x\0", "accountId": 1}, ["cartId"]),
    ],
)
async def test_what_is_missing_or_wrong_is_named(shop: Shop, body: dict[str, Any], parameters: list[str]) -> None:
    answer = await shop.post(IMPERSONATE, body)

    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", parameters[0])
    found = [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]
    assert found == parameters


async def test_who_is_not_there_or_not_the_same_is_refused(shop: Shop, other_shop: Shop) -> None:
    one, other = await shop.shopper(), await shop.shopper()
    foreign = await other_shop.shopper()

    unknown = [{"accountId": 999_999_999}, {"userId": "0" * 32}, {"userId": "x"}]
    for whose in (*unknown, {"accountId": id_of(foreign)}, {"userId": foreign["userId"]}):
        assert fault(await impersonate(shop, **whose)) == (404, "ITEM_NOT_FOUND", None)
    mixed = await impersonate(shop, accountId=id_of(one), userId=other["userId"])
    assert fault(mixed) == (400, "MISSING_OR_INVALID_PARAMETER", "userId")


async def test_no_cart_of_a_disabled_account_a_locked_login_or_another_set_is_taken_over(shop: Shop) -> None:
    disabled, locked, elsewhere = await shop.shopper(), await shop.shopper(), await shop.shopper()
    assert (
        await shop.post(f"{ACCOUNTS}/{id_of(disabled)}/action", {"actionName": "DisableAccount"})
    ).status_code == 200
    assert (await shop.post(f"{ACCOUNTS}/{id_of(locked)}/Set-Login-Locked", True)).status_code == 200
    db = shop.database.session()
    await tenants.create_customer_set(db, shop.tenant_id, code="outlet", name="Outlet", now=real_clock())
    site = await tenants.create_site(db, shop.tenant_id, name="Outlet", customer_set="outlet", now=real_clock())
    shop.token = await shop.sign_in()

    assert fault(await impersonate(shop, accountId=id_of(disabled))) == (409, "VALIDATION_CONFLICT", None)
    assert fault(await impersonate(shop, userId=locked["userId"])) == (403, "FORBIDDEN", None)
    body = {"cartId": CART, "accountId": id_of(elsewhere)}
    assert fault(await shop.post(IMPERSONATE, body, headers={"x-vol-site": str(site)}))[:2] == (
        409,
        "VALIDATION_CONFLICT",
    )


async def test_only_an_application_that_may_acts_and_no_shopper_nor_another_agent(shop: Shop) -> None:
    own = await shop.shopper()
    desk = await second_application(shop, tuple(one for one in BEHAVIORS if one != "customer-auth:impersonate"))
    agent = await acting(shop, accountId=id_of(own))

    assert fault(await impersonate(desk, accountId=id_of(own)))[:2] == (403, "FORBIDDEN")
    for ticket in (own, agent, await anonymous(shop)):
        body = {"cartId": CART, "accountId": id_of(own)}
        beside = await shop.post(IMPERSONATE, body, shopper=ticket["accessToken"])
        alone = await shop.post(IMPERSONATE, body, headers={"Authorization": f"Bearer {ticket['accessToken']}"})
        assert [fault(answer)[0] for answer in (beside, alone)] == [403, 403]


async def test_a_refreshed_ticket_still_names_both_and_all_end_within_the_hour(shop: Shop, clock: Any) -> None:
    own = await shop.shopper()
    first = await acting(shop, accountId=id_of(own), impersonatorId="kim")
    clock.advance(minutes=50)

    second = (await refresh(shop, first)).json()

    claims = claims_of(second["accessToken"])
    assert (claims["act"], claims["cart"]) == ({"sub": f"{shop.client_id}/kim"}, CART)
    assert at(second["accessTokenExpiration"]) == at(second["refreshTokenExpiration"])
    assert second["refreshTokenExpiration"] == first["refreshTokenExpiration"]
    body = {"newPassword": "Other-horse-7"}
    changed = await shop.post(
        f"{ACCOUNTS}/{id_of(own)}/Change-Password", body, headers={"Authorization": f"Bearer {second['accessToken']}"}
    )
    assert fault(changed)[0] == 403
    clock.advance(minutes=10)
    assert fault(await refresh(shop, second))[:2] == (401, "UNAUTHORIZED")


async def test_shorter_lives_of_the_tenant_count_here_too(shop: Shop, clock: Any) -> None:
    await set_policy(shop, access_minutes=5, refresh_minutes=30)
    ticket = await acting(shop, userId=(await anonymous(shop))["userId"])

    lives = [at(ticket[f"{name}Expiration"]) - clock() for name in ("accessToken", "refreshToken")]
    assert [round(life / timedelta(minutes=1)) for life in lives] == [5, 30]


async def test_the_audit_log_names_both_for_all_that_is_done(shop: Shop) -> None:
    own = await shop.shopper(firstName="Jo")
    account, email = f"{ACCOUNTS}/{id_of(own)}", own["customerAccount"]["emailAddress"]
    ticket = await acting(shop, accountId=id_of(own), impersonatorId="kim")
    shopper = {"shopper": ticket["accessToken"]}

    assert (await shop.put(account, {"firstName": "Joan", "emailAddress": email}, **shopper)).status_code == 200
    assert (await shop.post(f"{account}/contacts", {"label": "Home"}, **shopper)).status_code == 201
    await shop.put(account, {"firstName": "Jo", "emailAddress": email}, shopper=own["accessToken"])

    who = f"{shop.client_id}/kim"
    told = [
        (one["description"], one["entryUser"], one["impersonator"])
        for one in await entries(shop, id_of(own), filter="description ne 'Account created'")
    ]
    assert list(dict.fromkeys(told)) == [
        ("Account changed", own["userId"], None),
        (f"Contact added, by {who} for the shopper", own["userId"], who),
        (f"Account changed, by {who} for the shopper", own["userId"], who),
        (f"Acting for the shopper began, by {who} for the shopper", shop.client_id, who),
    ]
    mine = await entries(shop, id_of(own), filter=f"impersonator eq '{who}'", sortBy="impersonator desc")
    assert {one["fieldPath"].rpartition("/")[2] for one in mine} >= {"FirstName", "Label", "ImpersonatedCart"}


async def test_every_event_names_who_acted_for_an_anonymous_shopper(shop: Shop) -> None:
    nobody = await anonymous(shop)
    ticket = await acting(shop, userId=nobody["userId"])

    guest = await shop.post(ACCOUNTS, {"userId": nobody["userId"]}, shopper=ticket["accessToken"])

    assert guest.status_code == 201
    rows = await shop.database.session().fetch(
        "select topic, actor, application, impersonator from event where tenant_id = $1 order by id", shop.tenant_id
    )
    assert [tuple(row) for row in rows] == [
        ("impersonation.started", shop.client_id, shop.client_id, shop.client_id),
        ("account.created", nobody["userId"], shop.client_id, shop.client_id),
    ]


async def test_it_ends_at_once_and_for_good_with_the_application_that_began_it(shop: Shop) -> None:
    own, desk = await shop.shopper(), await second_application(shop)
    ticket = await acting(desk, accountId=id_of(own))
    assert await is_signed_in(shop, ticket)  # beside another application's token
    assert (await refresh(shop, ticket)).status_code == 401  # which cannot renew it

    await disable(desk)

    alone = {"headers": {"Authorization": f"Bearer {ticket['accessToken']}"}}
    assert not await is_signed_in(shop, ticket)
    assert (await shop.http.get(CURRENT, **alone)).status_code == 401
    assert (await refresh(desk, ticket)).status_code == 401
    await renew(desk)
    desk.token = await desk.sign_in()
    assert not await is_signed_in(desk, ticket)
    assert (await refresh(desk, ticket)).status_code == 401
    assert await is_signed_in(shop, own)


async def test_it_ends_with_the_behavior(shop: Shop) -> None:
    own, desk = await shop.shopper(), await second_application(shop)
    ticket = await acting(desk, accountId=id_of(own))

    await renew(desk, ("customer:read",))

    assert not await is_signed_in(desk, ticket)
    assert (await refresh(desk, ticket)).status_code == 401


async def test_it_ends_when_the_login_is_locked_or_the_account_disabled(shop: Shop) -> None:
    for path, body in (("Set-Login-Locked", True), ("action", {"actionName": "DisableAccount"})):
        own = await shop.shopper()
        ticket = await acting(shop, accountId=id_of(own))

        assert (await shop.post(f"{ACCOUNTS}/{id_of(own)}/{path}", body)).status_code == 200

        assert not await is_signed_in(shop, ticket)
        assert (await refresh(shop, ticket)).status_code == 401


async def test_a_lost_answer_is_given_again_and_the_log_tells_of_one(shop: Shop) -> None:
    own = await shop.shopper()
    body, key = {"cartId": CART, "accountId": id_of(own)}, {"Idempotency-Key": random_token()}

    first, again = [await shop.post(IMPERSONATE, body, headers=key) for _ in range(2)]

    assert (first.status_code, first.json()) == (201, again.json())
    carts = [one for one in await entries(shop, id_of(own)) if one["fieldPath"] == "/Customer/ImpersonatedCart"]
    assert len(carts) == 1


def test_whatever_writes_events_writes_who_acted() -> None:
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    statements = [text for source in sources for text in re.findall(r"insert into event \(([^)]*)\) *\n", source)]

    assert len(statements) >= 2
    assert [columns for columns in statements if "impersonator" not in columns] == []
