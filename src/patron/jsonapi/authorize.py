"""Where a user of the organization signs in and lets a web app act for them: a page that asks, and its answer
(RFC 6749 4.1, RFC 7636).

There is no session: whoever answers the page shows their password with the answer. So nothing on another site can
answer in a user's name, and nothing is left in the browser. A form that another site sends is refused all the same.

What is wrong with the app or its address is told on the page; everything else is the app's, which hears of it by a
redirect (4.1.2.1).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from patron.jsonapi import pages
from patron.jsonapi.caller import SCOPES
from patron.jsonapi.oauth import OAuthError, markets_of
from patron.kernel.caller import Actor
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database, Session
from patron.kernel.errors import PatronError
from patron.staff import codes, sign_in
from patron.staff.model import User
from patron.tenants import programs
from patron.tenants.programs import Program
from patron.web.replies import Reply

STATE_LENGTH_MAX = 4_000
ASKED = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_UNKNOWN = "The link that brought you here names no web app of ours. Go back to where you came from."
_ELSEWHERE = "The web app wants its answer sent to an address that is not registered for it, so nothing is sent."
_WRONG = "The e-mail address or the password is wrong, or there were too many attempts: then wait a while."


class NoQuestion(PatronError):
    """There is nothing to ask, and nowhere to send anybody: the page says why."""


class _Told(Exception):
    """What the app is told instead of a code."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


class _Question(msgspec.Struct, frozen=True):
    """What a web app asks for. Nothing but app and address is checked yet."""

    program: Program
    redirect_uri: str
    asked: dict[str, str]
    twice: frozenset[str]

    @property
    def hidden(self) -> dict[str, str]:
        """What the form carries along."""
        return {name: self.asked[name] for name in ASKED if name in self.asked}

    def answer(self, **parameters: str) -> Reply:
        """Back to the app, with its state."""
        if "state" in self.asked and "state" not in self.twice:
            parameters["state"] = self.asked["state"]
        joint = "&" if urlsplit(self.redirect_uri).query else "" if self.redirect_uri.endswith("?") else "?"
        return pages.away(f"{self.redirect_uri}{joint}{urlencode(parameters)}")

    async def check(self, db: Session) -> None:
        """Raise what the app is told when it asks for what it cannot have."""
        asked, challenge = self.asked, self.asked.get("code_challenge")
        if self.twice or len(asked.get("state", "")) > STATE_LENGTH_MAX:
            raise _Told("invalid_request", "A parameter comes twice or is too long.")
        if not asked.get("response_type"):
            raise _Told("invalid_request", "response_type is missing.")
        if asked["response_type"] != "code":
            raise _Told("unsupported_response_type", "The only response_type is code.")
        if challenge is not None or "code_challenge_method" in asked:
            if asked.get("code_challenge_method") != "S256":
                raise _Told("invalid_request", "The only code_challenge_method is S256.")
            if not _CHALLENGE.fullmatch(challenge or ""):
                raise _Told("invalid_request", "code_challenge is no SHA-256 in base64url.")
        elif not self.program.has_secret:
            raise _Told("invalid_request", "An app without a secret sends a code_challenge (PKCE).")
        try:
            await markets_of(db, self.program, asked.get("scope", ""))
        except OAuthError as error:
            raise _Told(error.title, error.message) from None


class Authorize:
    """The page of one process."""

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    async def ask(self, query: bytes) -> Reply:
        """The page, or what the app is told instead. Raises NoQuestion."""
        question = await self._question(_read(query))
        try:
            await question.check(self._database.session())
        except _Told as told:
            return question.answer(error=told.error, error_description=told.description)
        return _page(question)

    async def answered(self, form: bytes, headers: Mapping[str, str], now: datetime, request_id: str) -> Reply:
        """What follows from a form that was sent. Raises NoQuestion, TooMany."""
        if not _is_ours(headers):
            raise NoQuestion("This form was sent by another site. Go back to where you came from, and begin again.")
        given = _read(form)
        question = await self._question(given)
        try:
            await question.check(self._database.session())
        except _Told as told:
            return question.answer(error=told.error, error_description=told.description)
        typed = dict(given)
        if typed.get("decision") == "deny":
            return question.answer(error="access_denied", error_description="The user did not allow it.")
        ctx = self._context(question.program, now, request_id)
        user = await sign_in.try_password(ctx, typed.get("email", "").strip(), typed.get("password", ""))
        if user is None:
            return _page(question, typed.get("email", ""), _WRONG)
        return question.answer(code=await self._code(question, user, ctx))

    async def _question(self, given: list[tuple[str, str]]) -> _Question:
        """Who asks, and where the answer goes. Raises NoQuestion."""
        asked = dict(given)
        names = [name for name, _ in given]
        twice = frozenset(name for name in ASKED if names.count(name) > 1)
        client_id = asked.get("client_id", "")
        program = None
        if client_id and "client_id" not in twice:
            program = await programs.by_client_id(self._database.session(), client_id)
        if program is None or program.kind != "webapp":
            raise NoQuestion(_UNKNOWN)
        if "redirect_uri" in twice or asked.get("redirect_uri") not in program.redirect_uris:
            raise NoQuestion(_ELSEWHERE)
        return _Question(program, asked["redirect_uri"], asked, twice)

    async def _code(self, question: _Question, user: User, ctx: Ctx) -> str:
        actor = Actor("staff", ctx.actor.application, user.email, None, question.program.id, staff_id=user.id)
        ctx = msgspec.structs.replace(ctx, actor=actor)
        async with ctx.db.transaction():
            return await codes.give(
                ctx,
                question.program,
                user,
                redirect_uri=question.redirect_uri,
                scope=question.asked.get("scope", ""),
                challenge=question.asked.get("code_challenge"),
            )

    def _context(self, program: Program, now: datetime, request_id: str) -> Ctx:
        actor = Actor("application", program.client_id, application_id=program.id)
        return Ctx(program.tenant_id, actor, SCOPES, now, request_id, self._database.session(), self._secrets)


def _page(question: _Question, email: str = "", fault: str | None = None) -> Reply:
    program = question.program
    return pages.question(
        program=program.name,
        organization=program.tenant_name,
        redirect_uri=question.redirect_uri,
        hidden=question.hidden,
        email=email,
        fault=fault,
    )


def _read(data: bytes) -> list[tuple[str, str]]:
    """Names and values of a query or a form; what is empty counts as left out (RFC 6749 3.1). Raises NoQuestion."""
    try:
        given = parse_qsl(data.decode("ascii"), max_num_fields=50, errors="strict")
    except ValueError:
        raise NoQuestion(_UNKNOWN) from None
    if any("\0" in text for pair in given for text in pair):
        raise NoQuestion(_UNKNOWN)
    return given


def _is_ours(headers: Mapping[str, str]) -> bool:
    """Whether a form comes from our page, as the browser says. What is no browser says neither, and has no user."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
