"""How applications sign in, and what they learn about their tenant."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS
from shoppers import CURRENT, anonymous, at, is_signed_in
from shops import ACCOUNTS, Shop, fault, open_shop

TOKENS = "/api/platform/applications/authtickets"
OAUTH = f"{TOKENS}/oauth"
REFRESH = f"{TOKENS}/refresh-ticket"


def credentials(shop: Shop, **more: Any) -> dict[str, Any]:
    return {
        "client_id": shop.client_id,
        "client_secret": shop.client_secret,
        "grant_type": "client_credentials",
        **more,
    }


async def works(shop: Shop, token: str) -> bool:
    answer = await shop.http.get(ACCOUNTS, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


async def legacy(shop: Shop) -> dict[str, Any]:
    body = {"applicationId": shop.client_id, "sharedSecret": shop.client_secret}
    answer = await shop.http.post(TOKENS, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_application_gets_a_token_for_its_secret(shop: Shop) -> None:
    for body in (credentials(shop), credentials(shop, grant_type="client"), credentials(shop, grant_type=None)):
        for answer in (await shop.http.post(OAUTH, json=body), await shop.http.post(OAUTH, data=body)):
            assert answer.status_code == 200, answer.text
            ticket = answer.json()
            assert ticket["token_type"] == "bearer"
            assert (ticket["expires_in"], ticket["refresh_token_expires_in"]) == (3600, 86_400)
            assert await works(shop, ticket["access_token"])


async def test_a_wrong_secret_and_an_unknown_application_are_answered_alike(shop: Shop, other_shop: Shop) -> None:
    answers = [
        await shop.http.post(OAUTH, json=credentials(shop, **wrong))
        for wrong in (
            {"client_secret": "wrong"},
            {"client_id": "nobody"},
            {"client_secret": other_shop.client_secret},
            {"client_secret": "x" * 100_000},
        )
    ]
    answers.append(await shop.http.post(TOKENS, json={"applicationId": shop.client_id, "sharedSecret": "wrong"}))

    assert {fault(answer) for answer in answers} == {(401, "INVALID_CREDENTIALS", None)}
    assert len({answer.json()["message"] for answer in answers}) == 1


@pytest.mark.parametrize(
    ("change", "parameters"),
    [
        ({"client_id": None}, ["client_id"]),
        ({"client_id": "", "client_secret": None}, ["client_id", "client_secret"]),
        ({"grant_type": "password"}, ["grant_type"]),
        ({"grant_type": "refresh_token"}, ["refresh_token"]),
    ],
)
async def test_a_token_call_that_lacks_something_is_told_what(shop: Shop, change: dict, parameters: list[str]) -> None:
    answer = await shop.http.post(OAUTH, json=credentials(shop, **change))

    names = [item["additionalErrorData"][0]["value"] for item in answer.json()["items"]]
    assert (answer.status_code, names) == (400, parameters)


async def test_a_refresh_token_gives_another_ticket(shop: Shop, clock: Any) -> None:
    first = (await shop.http.post(OAUTH, json=credentials(shop))).json()
    clock.advance(hours=2)
    assert not await works(shop, first["access_token"])

    for more in ({}, {"grant_type": "refresh_token"}, {"client_id": None, "client_secret": None}):
        answer = await shop.http.post(OAUTH, json=credentials(shop, refresh_token=first["refresh_token"], **more))
        assert answer.status_code == 200, answer.text
        assert await works(shop, answer.json()["access_token"])
    clock.advance(hours=22)
    late = await shop.http.post(OAUTH, json=credentials(shop, refresh_token=first["refresh_token"]))
    assert fault(late)[:2] == (401, "UNAUTHORIZED")
    assert "invalid_token" in late.json()["message"]


async def test_a_refresh_token_is_for_the_application_that_got_it(shop: Shop, other_shop: Shop) -> None:
    token = (await shop.http.post(OAUTH, json=credentials(shop))).json()["refresh_token"]

    for wrong in ({"client_id": other_shop.client_id}, {"client_secret": other_shop.client_secret}):
        answer = await shop.http.post(OAUTH, json=credentials(shop, refresh_token=token, **wrong))
        assert fault(answer)[:2] == (401, "INVALID_CREDENTIALS"), wrong
    for bad in (shop.token, (await anonymous(shop))["refreshToken"], "x"):
        answer = await shop.http.post(OAUTH, json=credentials(shop, refresh_token=bad))
        assert fault(answer)[:2] == (401, "UNAUTHORIZED"), bad


async def test_older_clients_sign_in_refresh_and_let_go(shop: Shop, clock: Any) -> None:
    ticket = await legacy(shop)
    assert (at(ticket["accessTokenExpiration"]) - clock()).total_seconds() == pytest.approx(3600, abs=10)
    assert await works(shop, ticket["accessToken"])

    second = await shop.http.put(REFRESH, json={"refreshToken": ticket["refreshToken"]})
    assert second.status_code == 200
    assert await works(shop, second.json()["accessToken"])
    for token in (ticket["refreshToken"], ticket["refreshToken"], "no-token"):
        gone = await shop.http.delete(f"{TOKENS}/{token}")
        assert (gone.status_code, gone.content) == (204, b"")
    assert fault(await shop.http.put(REFRESH, json={"refreshToken": ticket["refreshToken"]}))[0] == 401
    other = await shop.http.put(REFRESH, json={"refreshToken": second.json()["refreshToken"]})
    assert other.status_code == 200
    assert fault(await shop.http.put(REFRESH, json={}))[::2] == (400, "refreshToken")
    assert fault(await shop.http.post(TOKENS, json={}))[::2] == (400, "applicationId")


async def test_the_token_may_stand_in_the_older_header_and_the_newer_one_wins(shop: Shop, other_shop: Shop) -> None:
    ticket = await shop.shopper()

    raw = await shop.http.get(ACCOUNTS, headers={"x-vol-app-claims": shop.token})
    assert raw.status_code == 200
    both = {"x-vol-app-claims": shop.token, "x-vol-user-claims": ticket["accessToken"]}
    assert (await shop.http.get(CURRENT, headers=both)).json()["userId"] == ticket["userId"]
    spoilt = {"Authorization": "Bearer x", "x-vol-app-claims": shop.token}
    assert fault(await shop.http.get(ACCOUNTS, headers=spoilt))[0] == 401
    other = {"Authorization": f"bearer {other_shop.token}", "x-vol-app-claims": shop.token}
    foreign = await shop.account()
    assert fault(await shop.http.get(f"{ACCOUNTS}/{foreign['id']}", headers=other))[:2] == (404, "ITEM_NOT_FOUND")


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer ", "bearer x y", "token"])
async def test_a_call_without_a_good_token_is_not_authenticated(shop: Shop, header: str) -> None:
    answer = await shop.http.get(ACCOUNTS, headers={"Authorization": header} if header else {})

    assert fault(answer)[:2] == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"


@contextmanager
def host(http: httpx.AsyncClient, name: str) -> Iterator[None]:
    before, http.base_url = http.base_url, f"http://{name}"
    yield
    http.base_url = before


async def test_the_host_name_may_name_tenant_and_site(shop: Shop, other_shop: Shop) -> None:
    bearer = {"Authorization": f"Bearer {shop.token}"}
    tenant, site = shop.tenant_id, shop.site_id

    async def status(name: str, **headers: object) -> tuple[int, str | None]:
        with host(shop.http, name):
            answer = await shop.http.get(ACCOUNTS, headers=bearer | {k: str(v) for k, v in headers.items()})
        return (200, None) if answer.status_code == 200 else fault(answer)[::2]

    for name in (f"t{tenant}.shop.test", f"T{tenant}-S{site}.shop.test:8000", "shop.test", f"t{tenant}x.shop.test"):
        assert await status(name) == (200, None), name
    agreeing = {"x-vol-tenant": tenant, "x-vol-site": site}
    assert await status(f"t{tenant}-s{site}.shop.test", **agreeing) == (200, None)
    assert await status(f"t{tenant}.shop.test", **{"x-vol-tenant": other_shop.tenant_id}) == (400, "x-vol-tenant")
    assert await status(f"t{tenant}-s{site}.shop.test", **{"x-vol-site": other_shop.site_id}) == (400, "x-vol-site")
    assert await status("shop.test", **{"x-vol-tenant": "one"}) == (400, "x-vol-tenant")
    assert await status("shop.test", **{"x-vol-site": "-1"}) == (400, "x-vol-site")
    assert await status(f"t{other_shop.tenant_id}.shop.test") == (404, None)
    assert await status(f"t{tenant}-s{other_shop.site_id}.shop.test") == (404, None)
    assert await status("shop.test", **{"x-vol-tenant": other_shop.tenant_id}) == (404, None)
    assert await status("shop.test", **{"x-vol-site": other_shop.site_id}) == (404, None)


async def test_a_tenant_is_shown_with_its_sites_and_the_address_that_was_called(shop: Shop, other_shop: Shop) -> None:
    path = "/api/platform/tenants"

    with host(shop.http, "localhost:8123"):
        answer = await shop.get(f"{path}/{shop.tenant_id}")

    tenant = answer.json()
    assert answer.status_code == 200
    assert (tenant["id"], tenant["domain"], tenant["isDevTenant"]) == (shop.tenant_id, "localhost:8123", True)
    [site] = tenant["sites"]
    assert site["id"] == site["siteId"] == shop.site_id
    assert (site["currencyCode"], site["localeCode"], site["countryCode"]) == ("USD", "en-US", "US")
    [catalog] = tenant["masterCatalogs"]
    assert catalog["catalogs"][0]["masterCatalogId"] == catalog["id"]
    for other in (other_shop.tenant_id, 999_999_999, "me"):
        assert fault(await shop.get(f"{path}/{other}"))[:2] == (404, "ITEM_NOT_FOUND"), other
    assert fault(await shop.http.get(f"{path}/{shop.tenant_id}"))[:2] == (401, "UNAUTHORIZED")


async def test_a_disabled_application_is_shut_out_at_once(shop: Shop, database: Database) -> None:
    ticket, tokens = await shop.shopper(), await legacy(shop)
    assert await works(shop, shop.token)
    assert await is_signed_in(shop, ticket)

    db = database.session()
    async with db.transaction():
        await tenants.disable_application(db, Revocations(database, lambda _subject: None), shop.client_id)

    assert not await works(shop, shop.token)
    assert not await works(shop, ticket["jwtAccessToken"])
    assert fault(await shop.http.put(REFRESH, json={"refreshToken": tokens["refreshToken"]}))[0] == 401
    assert fault(await shop.http.post(OAUTH, json=credentials(shop)))[:2] == (401, "INVALID_CREDENTIALS")


async def test_a_shoppers_token_of_another_tenant_is_none(shop: Shop, other_shop: Shop) -> None:
    ticket = await other_shop.shopper()

    answer = await shop.get(CURRENT, shopper=ticket["accessToken"])

    assert fault(answer)[:2] == (401, "UNAUTHORIZED")
    assert "invalid_token" in answer.json()["message"]


async def test_a_shop_without_a_site_can_read_but_sign_nobody_in(shop: Shop, database: Database) -> None:
    db = database.session()
    bare = await open_shop(shop.http, database, BEHAVIORS)
    await db.execute("update application set site_id = null where tenant_id = $1", bare.tenant_id)
    await db.execute("delete from site where tenant_id = $1", bare.tenant_id)
    token = {"Authorization": f"Bearer {await bare.sign_in()}"}

    read = await bare.http.get(ACCOUNTS, headers=token)
    signed = await bare.http.get("/api/commerce/customer/authtickets/anonymousshopper", headers=token)

    assert read.status_code == 200
    assert fault(signed)[::2] == (400, "x-vol-site")


async def test_many_sign_ins_at_once_are_all_answered(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.http.post(OAUTH, json=credentials(shop)) for _ in range(30)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 30


async def test_a_sites_domain_is_a_host_even_where_mail_links_have_a_scheme(shop: Shop) -> None:
    await shop.database.session().execute(
        "update site set domain = 'http://shop.example:8080' where tenant_id = $1", shop.tenant_id
    )

    tenant = (await shop.get(f"/api/platform/tenants/{shop.tenant_id}")).json()

    assert [site["domain"] for site in tenant["sites"]] == ["shop.example:8080"]
