"""How tokens end: revoked by their client, with the password, the login, the account, the program; in every process."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from organizations import JSON, Organization
from patron.app import create_app
from patron.jsonapi import ids
from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock as real_clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, random_token
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from patron.staff import actions as users
from patron.staff import queries
from shops import ACCOUNTS, Shop
from webapps import WebApp, open_webapp, said

PASSWORD = "Secret-42-word"


@pytest_asyncio.fixture
async def elsewhere(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Another server process, as far as tokens are concerned."""
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http,
    ):
        yield http


async def ticket_of(organization: Organization) -> dict[str, Any]:
    """What a new customer gets who signs in."""
    email = f"{random_token(6)}@example.com"
    await organization.create("customers", email=email, password=PASSWORD)
    return await organization.customer_ticket(email, PASSWORD)


async def is_good(http: httpx.AsyncClient, token: str) -> bool:
    answer = await http.get("/oauth/tokeninfo", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401), answer.text
    if answer.status_code == 401:
        assert answer.json()["errors"][0]["code"] == "INVALID_TOKEN"
    return answer.status_code == 200


async def revoke(organization: Organization, **body: Any) -> httpx.Response:
    return await organization.http.post("/oauth/revoke", json=body, headers=JSON)


def is_refused(answer: httpx.Response) -> bool:
    (one,) = answer.json()["errors"]
    assert one == {
        "title": "unauthorized_client",
        "detail": "You are not authorized to revoke this token",
        "code": "FORBIDDEN",
        "status": 403,
        "meta": {},
    }
    return answer.status_code == 403


async def test_a_customer_s_token_is_revoked_without_a_secret(
    organization: Organization, elsewhere: httpx.AsyncClient
) -> None:
    ticket = await ticket_of(organization)
    token = ticket["access_token"]
    assert await is_good(organization.http, token)
    assert await is_good(elsewhere, token)

    answer = await revoke(organization, client_id=organization.channel, token=token)

    assert (answer.status_code, answer.json()) == (200, {})
    assert not await is_good(elsewhere, token)
    assert not await is_good(organization.http, token)
    refreshed = await organization.ask_token(
        grant_type="refresh_token", client_id=organization.channel, refresh_token=ticket["refresh_token"]
    )
    assert refreshed.status_code == 401
    assert is_refused(await revoke(organization, client_id=organization.channel, token=token))


async def test_a_refresh_token_ends_the_access_token_that_came_with_it(organization: Organization) -> None:
    ticket = await ticket_of(organization)
    assert await is_good(organization.http, ticket["access_token"])
    answer = await revoke(organization, client_id=organization.channel, token=ticket["refresh_token"])
    assert answer.status_code == 200
    assert not await is_good(organization.http, ticket["access_token"])
    assert is_refused(await revoke(organization, client_id=organization.channel, token=ticket["refresh_token"]))


@pytest.mark.parametrize("how", ["disable", "password", "disabled behind our back"])
async def test_a_user_s_tokens_and_codes_end_with_the_user(
    organization: Organization, elsewhere: httpx.AsyncClient, database: Database, settings: Settings, how: str
) -> None:
    webapp = await open_webapp(organization, database)
    other = await open_webapp(organization, database)
    ticket, code, kept = await webapp.ticket(), await webapp.code(), await other.ticket()
    if how != "disabled behind our back":
        assert await is_good(elsewhere, ticket["access_token"])

    await end_user(database, settings, webapp, how)

    assert not await is_good(elsewhere, ticket["access_token"])
    assert await is_good(elsewhere, kept["access_token"])
    answer = await webapp.exchange(code)
    assert (answer.status_code, answer.json()["errors"][0]["title"]) == (401, "invalid_grant")
    if how == "password":
        assert (await webapp.answer(await webapp.ask())).status_code == 422
        assert said(await webapp.answer(await webapp.ask(), password="Other-43-words"))["code"]
    else:
        assert (await webapp.answer(await webapp.ask())).status_code == 422


async def end_user(database: Database, settings: Settings, webapp: WebApp, how: str) -> None:
    """What an operator's command does."""
    db, passwords, vault = database.session(), Passwords(), Vault(settings.key)
    secrets = Secrets(vault, Keyring(vault, settings.issuer), passwords, Revocations(database, lambda _: None))
    ctx = Ctx(webapp.organization.shop.tenant_id, SYSTEM, frozenset(), real_clock(), "test", db, secrets)
    hashed = await passwords.hash("Other-43-words")
    passwords.close()
    async with db.transaction():
        user = await queries.named(ctx, webapp.email)
        if how == "disable":
            await users.disable(ctx, user)
        elif how == "password":
            await users.set_password(ctx, user, hashed)
        else:
            await db.execute(
                "update staff set is_active = false where tenant_id = $1 and id = $2", ctx.tenant_id, user.id
            )


async def test_only_its_client_ends_a_token(organization: Organization, other_organization: Organization) -> None:
    token = organization.token
    ticket = await ticket_of(organization)
    mine = {"client_id": organization.integration, "client_secret": organization.secret}
    others = {"client_id": other_organization.integration, "client_secret": other_organization.secret}
    for body in (
        {"token": token},
        {"token": token, "client_id": organization.integration},
        {"token": token, "client_id": organization.integration, "client_secret": "wrong"},
        {"token": token, "client_id": organization.channel},
        {"token": token, **others},
        {"token": ticket["access_token"], **mine},
        {"token": ticket["refresh_token"], **others},
        {"token": ticket["access_token"], "client_id": organization.channel, "client_secret": "wrong"},
        {"token": "", **mine},
        {"token": "x.y.z", **mine},
        mine,
    ):
        assert is_refused(await revoke(organization, **body)), body
    assert await is_good(organization.http, token)
    assert await is_good(organization.http, ticket["access_token"])
    assert (await revoke(organization, token=token, **mine)).status_code == 200
    assert not await is_good(organization.http, token)
    assert await organization.integration_token() != token


async def change_password(shop: Shop, account_id: int) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", {"newPassword": "Another-horse-8"})


async def lock(shop: Shop, account_id: int) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{account_id}/Set-Login-Locked", True)


async def require_change(shop: Shop, account_id: int) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{account_id}/Set-Password-Change-Required", True)


async def disable(shop: Shop, account_id: int) -> httpx.Response:
    return await shop.post(f"{ACCOUNTS}/{account_id}/action", {"actionName": "DisableAccount"})


async def delete(shop: Shop, account_id: int) -> httpx.Response:
    return await shop.delete(f"{ACCOUNTS}/{account_id}")


@pytest.mark.parametrize("end", [change_password, lock, require_change, disable, delete])
async def test_a_customer_s_tokens_end_with_what_the_first_face_does(
    organization: Organization, elsewhere: httpx.AsyncClient, end: Any
) -> None:
    ticket, other = await ticket_of(organization), await ticket_of(organization)
    assert await is_good(elsewhere, ticket["access_token"])

    answer = await end(organization.shop, ids.read(ticket["owner_id"]))

    assert answer.status_code in (200, 204), answer.text
    assert not await is_good(elsewhere, ticket["access_token"])
    refreshed = await organization.ask_token(
        grant_type="refresh_token", client_id=organization.channel, refresh_token=ticket["refresh_token"]
    )
    assert refreshed.json()["errors"][0]["title"] == "invalid_grant"
    assert await is_good(elsewhere, other["access_token"])


@pytest.mark.parametrize("end", [lock, require_change, disable, delete])
async def test_who_may_not_sign_in_is_told_what_a_wrong_password_is_told(organization: Organization, end: Any) -> None:
    email = f"{random_token(6)}@example.com"
    made = await organization.create("customers", email=email, password=PASSWORD)
    asked = {"grant_type": "password", "client_id": organization.channel, "scope": organization.scope}
    wrong = await organization.ask_token(username=email, password="wrong", **asked)
    await end(organization.shop, ids.read(made["id"]))
    right = await organization.ask_token(username=email, password=PASSWORD, **asked)
    assert (right.status_code, right.json()) == (wrong.status_code, wrong.json()) == (401, wrong.json())


async def test_tokeninfo_tells_what_a_token_is_worth(organization: Organization) -> None:
    ticket = await ticket_of(organization)
    told = await organization.http.get(
        "/oauth/tokeninfo", headers={"authorization": f"Bearer {ticket['access_token']}"}
    )
    assert told.status_code == 200
    found = told.json()
    assert set(found) == {"token", "role", "application", "owner", "permissions", "accessible_apps"}
    assert found["token"]["market_ids"] == [ids.shown(organization.shop.site_id)]
    assert (found["token"]["lifespan"], found["application"]["kind"]) == (14_400, "sales_channel")
    assert (found["owner"]["id"], found["owner"]["type"]) == (ticket["owner_id"], "Customer")
    assert found["owner"]["email"].endswith("@example.com")
    assert found["permissions"]["customers"]["actions"] == ["create", "read", "update", "destroy"]
    assert found["permissions"]["customer_groups"]["actions"] == []


async def test_answers_tell_the_limit_and_too_many_are_refused(settings: Settings) -> None:
    app = create_app(Settings(**{**_given(settings), "token_requests_per_minute": 3}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http,
    ):
        answers = [await http.post("/oauth/token", json={"client_id": "nobody"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["x-ratelimit-limit"] == "3"
    assert int(answers[3].headers["retry-after"]) > 0
    assert answers[3].json()["errors"][0]["code"] == "RATE_LIMIT_EXCEEDED"


def _given(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


async def test_secrets_are_stored_as_digests_only(organization: Organization, database: Database) -> None:
    ticket = await ticket_of(organization)
    rows = await database.session().fetch(
        "select g::text as line from access_grant g where g.tenant_id = $1", organization.shop.tenant_id
    )
    assert rows
    assert not any(ticket["refresh_token"] in row["line"] for row in rows)
