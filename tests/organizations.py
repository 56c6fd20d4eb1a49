"""An organization under test: a tenant as the second dialect sees it, with its programs, and short ways to call it."""

from typing import Any

import httpx
import msgspec

from patron.jsonapi import ids
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import Vault, random_token
from patron.settings import Settings
from patron.tenants import actions as tenants
from shops import Shop
from stage import TEST_KEY

TYPE = "application/vnd.api+json"
JSON = {"accept": "application/json", "content-type": "application/json"}


class Organization:
    """A shop with an integration and a sales channel."""

    def __init__(self, shop: Shop, **facts: str) -> None:
        self.shop = shop
        self.http = shop.http
        self.slug = facts["slug"]
        self.integration = facts["integration"]
        self.secret = facts["secret"]
        self.channel = facts["channel"]
        self.market = facts["market"]
        self.token = ""

    @property
    def scope(self) -> str:
        """The scope of its market."""
        return f"market:code:{self.market}"

    async def ask_token(self, **body: Any) -> httpx.Response:
        """A request to the token endpoint."""
        return await self.http.post("/oauth/token", json=body, headers=JSON)

    async def integration_token(self) -> str:
        """The integration's token."""
        answer = await self.ask_token(
            grant_type="client_credentials", client_id=self.integration, client_secret=self.secret
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def guest_token(self) -> str:
        """The sales channel's token, without a customer."""
        answer = await self.ask_token(grant_type="client_credentials", client_id=self.channel, scope=self.scope)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def customer_ticket(self, email: str, password: str) -> dict[str, Any]:
        """What a customer gets who signs in through the sales channel."""
        answer = await self.ask_token(
            grant_type="password", client_id=self.channel, scope=self.scope, username=email, password=password
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """Any request to the API, as the integration unless a token says otherwise."""
        sent = {"accept": TYPE, "content-type": TYPE, "authorization": f"Bearer {token or self.token}"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = msgspec.json.encode(body) if body is not None else None
        return await self.http.request(method, f"/api/{path}", content=content, headers=sent | named)

    async def get(self, path: str, **rest: Any) -> httpx.Response:
        """A GET."""
        return await self.call("GET", path, **rest)

    async def create(
        self, type_: str, relationships: Any = None, *, token: str | None = None, **attributes: Any
    ) -> Any:
        """Make a resource; answers its object."""
        answer = await self.call("POST", type_, document(type_, attributes, relationships), token=token)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    async def patch(
        self, type_: str, id_: str, attributes: Any = None, relationships: Any = None, **rest: Any
    ) -> httpx.Response:
        """Change a resource."""
        body = document(type_, attributes or {}, relationships, id_)
        return await self.call("PATCH", f"{type_}/{id_}", body, **rest)


def document(type_: str, attributes: Any, relationships: Any = None, id_: str | None = None) -> dict[str, Any]:
    """A document as the official client sends it."""
    data: dict[str, Any] = {"type": type_, "attributes": attributes, "relationships": relationships or {}}
    return {"data": data | ({"id": id_} if id_ is not None else {})}


def to_one(type_: str, id_: str | None) -> dict[str, Any]:
    """A relationship to one resource, or to none."""
    return {"data": None if id_ is None else {"type": type_, "id": id_}}


async def open_organization(shop: Shop, database: Database, *, key: str = TEST_KEY) -> Organization:
    """Make a shop an organization with programs, and sign the integration in. `key` is the installation's."""
    # Other tests of this process may have started an app with another key, whose ids are others.
    ids.use(Vault(Settings(secret_key=key).key))
    db, word, secret = database.session(), random_token(4), random_token()
    slug = str(await db.value("select slug from tenant where id = $1", shop.tenant_id))
    facts = {"integration": f"integration-{word}", "channel": f"channel-{word}"}
    async with db.transaction():
        await tenants.create_program(
            db, shop.tenant_id, client_id=facts["integration"], name="Integration", kind="integration", secret=secret,
            now=clock(),
        )  # fmt: skip
        await tenants.create_program(
            db, shop.tenant_id, client_id=facts["channel"], name="Shop", kind="sales_channel", takes_passwords=True,
            now=clock(),
        )  # fmt: skip
        await tenants.set_site_code(db, shop.tenant_id, shop.site_id, "europe")
    made = Organization(shop, slug=slug, secret=secret, market="europe", **facts)
    made.token = await made.integration_token()
    return made
