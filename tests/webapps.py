"""A web app under test, a user of the organization, and the way from the page to a token, in real requests."""

import base64
import hashlib
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from argon2 import PasswordHasher

from organizations import Organization
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.secrets import random_token
from patron.staff import actions as users
from patron.tenants import actions as tenants

PAGE = "/oauth/authorize"
REDIRECT_URI = "https://app.example/signed-in?from=patron"
PASSWORD = "Staff-42-words"
_HASH = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FROM_US = {"origin": "http://shop.test"}


class WebApp:
    """An application of the kind, and a user who may allow it."""

    def __init__(self, organization: Organization, **facts: Any) -> None:
        self.organization = organization
        self.http = organization.http
        self.client_id: str = facts["client_id"]
        self.secret: str | None = facts["secret"]
        self.email: str = facts["email"]
        self.user_id: int = facts["user_id"]

    @property
    def client(self) -> dict[str, str]:
        """How it says who it is."""
        return {"client_id": self.client_id} | ({"client_secret": self.secret} if self.secret else {})

    def question(self, **changed: str | None) -> dict[str, str]:
        """What its link to the page says; None takes a parameter out."""
        asked: dict[str, str | None] = {
            "client_id": self.client_id, "redirect_uri": REDIRECT_URI, "response_type": "code", "state": "st&te=1",
        }  # fmt: skip
        return {name: value for name, value in (asked | changed).items() if value is not None}

    async def ask(self, **changed: str | None) -> httpx.Response:
        """The page."""
        return await self.http.get(PAGE, params=self.question(**changed))

    async def answer(
        self, page: httpx.Response, *, headers: dict[str, str] | None = None, **typed: str
    ) -> httpx.Response:
        """Send the form of a page, as a browser would; right and allowing unless told otherwise."""
        assert page.status_code in (200, 422), page.text
        form = hidden(page) | {"email": self.email, "password": PASSWORD, "decision": "allow"} | typed
        return await self.http.post(PAGE, data=form, headers=FROM_US if headers is None else headers)

    async def code(self, **changed: str | None) -> str:
        """A code, as the app finds it behind its address."""
        return said(await self.answer(await self.ask(**changed)))["code"]

    async def exchange(self, code: str, **changed: str | None) -> httpx.Response:
        """The request that makes a token of a code."""
        asked = {
            "grant_type": "authorization_code",
            **self.client,
            "code": code,
            "redirect_uri": REDIRECT_URI,
            **changed,
        }
        return await self.organization.ask_token(**{name: value for name, value in asked.items() if value is not None})

    async def ticket(self) -> dict[str, Any]:
        """What it gets for a user's word."""
        answer = await self.exchange(await self.code())
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def hidden(page: httpx.Response) -> dict[str, str]:
    """What the form of a page carries along."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


def said(answer: httpx.Response) -> dict[str, str]:
    """What the app is told: the query of the address that a browser is sent to, but for its own part."""
    assert answer.status_code == 303, answer.text
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT_URI}&"), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items() if name != "from"}


async def open_webapp(organization: Organization, database: Database, *, has_secret: bool = True) -> WebApp:
    """Make a web app and a user in an organization."""
    db, word = database.session(), random_token(4)
    facts: dict[str, Any] = {"client_id": f"webapp-{word}", "secret": random_token() if has_secret else None}
    tenant_id = organization.shop.tenant_id
    await tenants.create_program(
        db, tenant_id, client_id=facts["client_id"], name="Back <office> & more", kind="webapp",
        secret=facts["secret"], redirect_uris=(REDIRECT_URI, "com.example.app:/in"), now=clock(),
    )  # fmt: skip
    facts["email"] = f"Kim-{word}@example.com"
    await users.put(
        db, tenant_id, email=facts["email"], first_name="Kim", last_name="Lee", password_hash=_HASH, now=clock()
    )
    facts["user_id"] = await db.value(
        "select id from staff where tenant_id = $1 and email = $2", tenant_id, facts["email"]
    )
    return WebApp(organization, **facts)
