"""A shop under test: a tenant with its credentials, and short ways to call the API and to make things."""

from typing import Any

import httpx

from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.tenants import actions as tenants
from patron.tenants.model import BEHAVIORS

ACCOUNTS = "/api/commerce/customer/accounts"
VISITS = "/api/commerce/customer/visits"
TICKETS = "/api/commerce/customer/authtickets"
CREDITS = "/api/commerce/customer/credits"
PASSWORD = "Correct-horse-7"


class Shop:
    """A tenant, its site, its application, and a client that speaks for them."""

    def __init__(self, http: httpx.AsyncClient, database: Database, **facts: Any) -> None:
        self.http = http
        self.database = database
        self.tenant_id: int = facts["tenant_id"]
        self.site_id: int = facts["site_id"]
        self.client_id: str = facts["client_id"]
        self.client_secret: str = facts["client_secret"]
        self.token = ""

    async def sign_in(self) -> str:
        """The application's token."""
        answer = await self.http.post(
            "/api/platform/applications/authtickets/oauth",
            json={
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "grant_type": "client_credentials",
            },
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def headers(self, shopper: str | None = None) -> dict[str, str]:
        """What the official client sends."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "x-vol-tenant": str(self.tenant_id),
            "x-vol-site": str(self.site_id),
        }
        return headers | ({"x-vol-user-claims": shopper} if shopper else {})

    async def call(
        self, method: str, path: str, *, shopper: str | None = None, headers: dict[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        """Any request, as the application, or as one of its shoppers (with the ticket's access token)."""
        return await self.http.request(method, path, headers=self.headers(shopper) | (headers or {}), **rest)

    async def get(self, path: str, **rest: Any) -> httpx.Response:
        """A GET; `params` for the query."""
        return await self.call("GET", path, **rest)

    async def post(self, path: str, json: Any = None, **rest: Any) -> httpx.Response:
        """A POST of JSON."""
        return await self.call("POST", path, json=json, **rest)

    async def put(self, path: str, json: Any = None, **rest: Any) -> httpx.Response:
        """A PUT of JSON."""
        return await self.call("PUT", path, json=json, **rest)

    async def delete(self, path: str, **rest: Any) -> httpx.Response:
        """A DELETE."""
        return await self.call("DELETE", path, **rest)

    async def account(self, **fields: Any) -> dict[str, Any]:
        """A guest account, made through the API."""
        answer = await self.post(ACCOUNTS, {"emailAddress": f"{random_token(6)}@example.com", **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def contact(self, account_id: int, **fields: Any) -> dict[str, Any]:
        """A contact, made through the API."""
        answer = await self.post(f"{ACCOUNTS}/{account_id}/contacts", {"firstName": "Kim", **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def shopper(self, password: str = PASSWORD, **account: Any) -> dict[str, Any]:
        """A registered account: the ticket that signing up gave."""
        body = {"account": {"emailAddress": f"{random_token(6)}@example.com", **account}, "password": password}
        answer = await self.post(f"{ACCOUNTS}/Add-Account-And-Login", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def open_shop(http: httpx.AsyncClient, database: Database, behaviors: tuple[str, ...] = BEHAVIORS) -> Shop:
    """A new tenant with a default customer set, a site and one application."""
    db, name = database.session(), random_token(6)
    secret = random_token()
    async with db.transaction():
        tenant_id = await tenants.create_tenant(db, name=f"Shop {name}", slug=name, mode="test", now=clock())
        site_id = await tenants.create_site(db, tenant_id, name="Main street", domain="shop.test", now=clock())
        await tenants.create_application(
            db,
            tenant_id,
            client_id=f"{name}.app.1.0.0.Release",
            name="Storefront",
            secret=secret,
            behaviors=behaviors,
            site_id=site_id,
            now=clock(),
        )
    shop = Shop(
        http,
        database,
        tenant_id=tenant_id,
        site_id=site_id,
        client_id=f"{name}.app.1.0.0.Release",
        client_secret=secret,
    )
    shop.token = await shop.sign_in()
    return shop


async def visit_of(shop: Shop, **fields: Any) -> dict[str, Any]:
    """A visit, recorded through the API."""
    answer = await shop.post(VISITS, fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def fault(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and parameter of a failure, after checking that its body is the dialect's."""
    body = answer.json()
    assert set(body) >= {"applicationName", "errorCode", "message", "correlationId", "items", "additionalErrorData"}
    assert body["correlationId"] == answer.headers["x-vol-correlation"]
    names = [data["value"] for data in body["additionalErrorData"] if data["name"] == "ParameterName"]
    return answer.status_code, body["errorCode"], names[0] if names else None
