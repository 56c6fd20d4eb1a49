"""The token endpoint: five grants, revocation, and what a token is worth (Commerce Layer behaviour 2)."""

import re
from datetime import datetime
from typing import Any

import msgspec

from patron.accounts import queries as accounts
from patron.jsonapi import assertions, ids, tokens
from patron.jsonapi.caller import SCOPES, Caller
from patron.kernel.caller import Actor
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database, Session
from patron.kernel.errors import PatronError
from patron.logins import actions as logins
from patron.logins import sign_in
from patron.markets import stores
from patron.segments import queries as segments
from patron.staff import codes
from patron.staff import queries as users
from patron.tenants import grants, programs
from patron.tenants import queries as tenants
from patron.tenants.grants import Asked, Grant
from patron.tenants.programs import Market, Program

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE_LENGTH_MAX = 1_000
_OF_PUBLIC_APPS = ("authorization_code", "refresh_token")
_SCOPE = re.compile(r"(?P<noun>market|store|stock_location):(?:(?P<all>all)|(?P<by>id|code):(?P<value>[\w.-]{1,100}))")


class OAuthError(PatronError):
    """A refusal of the token endpoint: its title, code and status."""

    def __init__(self, title: str, detail: str, status: int, code: str) -> None:
        super().__init__(detail)
        self.title, self.status, self.code = title, status, code


def _invalid_client() -> OAuthError:
    detail = (
        "Client authentication failed due to unknown client, no client authentication included, or unsupported "
        "authentication method."
    )
    return OAuthError("invalid_client", detail, 401, "UNAUTHORIZED")


def _invalid_grant(detail: str = "The provided authorization grant is invalid, expired or revoked.") -> OAuthError:
    return OAuthError("invalid_grant", detail, 401, "UNAUTHORIZED")


def _invalid_assertion() -> OAuthError:
    return _bad("invalid_assertion", "The provided assertion is invalid.")


def _bad(title: str, detail: str) -> OAuthError:
    return OAuthError(title, detail, 400, "BAD_REQUEST")


class TokenRequest(msgspec.Struct, kw_only=True):
    """What a client sends. What else it sends is ignored."""

    grant_type: str = ""
    client_id: str = ""
    client_secret: str | None = None
    scope: str | None = None
    username: str | None = None
    password: str | None = None
    refresh_token: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    assertion: str | None = None


class OAuth:
    """The endpoint of one process."""

    def __init__(self, database: Database, secrets: Secrets, domain: str) -> None:
        self._database = database
        self._secrets = secrets
        self._domain = domain

    async def token(self, asked: TokenRequest, now: datetime, request_id: str) -> dict[str, Any]:
        """The answer to a request for a token. Raises OAuthError, TooMany."""
        db = self._database.session()
        program, proved = await self._client(db, asked)
        match asked.grant_type:
            case "client_credentials":
                return await self._client_credentials(db, program, asked, proved, now)
            case "password":
                return await self._password(db, program, asked, proved, now, request_id)
            case "refresh_token":
                return await self._refresh(db, program, asked, proved, now)
            case "authorization_code":
                return await self._code(db, program, asked, proved, now, request_id)
            case grant_type if grant_type == JWT_BEARER:
                return await self._assertion(db, program, asked, proved, now)
        raise _bad("unsupported_grant_type", "The authorization grant type is not supported.")

    async def _client(self, db: Session, asked: TokenRequest) -> tuple[Program, bool]:
        """The client, and whether it proved itself with its secret. Raises OAuthError."""
        program = await programs.by_client_id(db, asked.client_id) if asked.client_id else None
        if program is None:
            raise _invalid_client()
        if asked.client_secret:
            if not program.knows(asked.client_secret):
                raise _invalid_client()
            return program, True
        is_public_app = program.kind == "webapp" and not program.has_secret and asked.grant_type in _OF_PUBLIC_APPS
        if program.kind != "sales_channel" and not is_public_app:
            raise _invalid_client()
        return program, False

    async def _client_credentials(
        self, db: Session, program: Program, asked: TokenRequest, proved: bool, now: datetime
    ) -> dict[str, Any]:
        if program.kind == "webapp":  # always a user's
            raise _bad("unauthorized_client", "This client may not use this grant.")
        wanted = await self._scoped(db, program, asked.scope, proved, None)
        found = await grants.running(db, wanted, now)
        if found is None or not await self._is_good(db, program, found, now):
            found, _ = await grants.issue(db, wanted, now, refreshable=False)
        return await self._answer(db, program, found, None, now)

    async def _is_good(self, db: Session, program: Program, grant: Grant, now: datetime) -> bool:
        """Whether the token of a running grant would be taken: the key that signed it may have been retired since."""
        token = await tokens.sign(db, self._secrets, program, grant, self._domain)
        return await self._secrets.keyring.has_key_of(db, token, now)

    async def _password(
        self, db: Session, program: Program, asked: TokenRequest, proved: bool, now: datetime, request_id: str
    ) -> dict[str, Any]:
        if program.kind != "sales_channel" or not program.takes_passwords:
            raise _bad("unauthorized_client", "This client may not use this grant.")
        actor = Actor("application", program.client_id, application_id=program.id)
        markets = await markets_of(db, program, asked.scope or "")
        site = next((market.site for market in markets or program.markets), None)
        if site is None:
            raise _bad("invalid_scope", "The organization has no market.")
        ctx = Ctx(program.tenant_id, actor, SCOPES, now, request_id, db, self._secrets, site)
        attempt = await sign_in.try_name(ctx, asked.username or "", asked.password or "")
        if attempt.login is None:
            raise _invalid_grant()
        async with db.transaction():
            policy = await tenants.policy(ctx)
            done = await logins.finish_sign_in(ctx, attempt, None, policy.second_factor)
            if done is None or done.waits or done.login.is_locked or done.login.must_change:
                raise _invalid_grant()
            account_id = done.login.account_id
            wanted = await self._scoped(db, program, asked.scope, proved, account_id)
            grant, refresh = await grants.issue(db, wanted, now, refreshable=True)
        return await self._answer(db, program, grant, refresh, now)

    async def _code(
        self, db: Session, program: Program, asked: TokenRequest, proved: bool, now: datetime, request_id: str
    ) -> dict[str, Any]:
        if program.kind != "webapp":
            raise _bad("unauthorized_client", "This client may not use this grant.")
        actor = Actor("application", program.client_id, application_id=program.id)
        ctx = Ctx(program.tenant_id, actor, SCOPES, now, request_id, db, self._secrets)
        where, verifier = asked.redirect_uri or "", asked.code_verifier
        async with db.transaction():
            code = await codes.take(ctx, program, asked.code or "", redirect_uri=where, verifier=verifier)
            if isinstance(code, codes.Taken):
                scope = _narrowed(code.scope, asked.scope or "")
                wanted = await self._scoped(db, program, scope, proved, None)
                wanted = msgspec.structs.replace(wanted, staff_id=code.user_id, code_id=code.id)
                grant, refresh = await grants.issue(db, wanted, now, refreshable=True)
        if isinstance(code, codes.Refused):
            raise _invalid_grant()
        return await self._answer(db, program, grant, refresh, now)

    async def _refresh(
        self, db: Session, program: Program, asked: TokenRequest, proved: bool, now: datetime
    ) -> dict[str, Any]:
        async with db.transaction():
            before = await grants.take_refresh(db, program.tenant_id, program.id, asked.refresh_token or "", now)
            if before is None or (before.is_confidential and not proved):
                raise _invalid_grant()
            wanted = await self._scoped(db, program, before.scope, proved, before.account_id)
            wanted = msgspec.structs.replace(
                wanted, custom_claim=before.custom_claim, staff_id=before.staff_id, code_id=before.code_id
            )
            grant, refresh = await grants.issue(db, wanted, now, refreshable=True)
        return await self._answer(db, program, grant, refresh, now)

    async def _assertion(
        self, db: Session, program: Program, asked: TokenRequest, proved: bool, now: datetime
    ) -> dict[str, Any]:
        claim = assertions.read(asked.assertion or "") if proved else None
        if claim is None:
            raise _invalid_assertion()
        account_id, staff_id = await self._owner_of(db, program, claim.owner)
        wanted = await self._scoped(db, program, asked.scope, proved, account_id)
        wanted = msgspec.structs.replace(wanted, custom_claim=claim.custom_claim, staff_id=staff_id)
        grant, refresh = await grants.issue(db, wanted, now, refreshable=True)
        return await self._answer(db, program, grant, refresh, now)

    async def _owner_of(
        self, db: Session, program: Program, owner: assertions.Owner | None
    ) -> tuple[int | None, int | None]:
        """The customer or the user who is asserted to own a token. Raises OAuthError.

        A sales channel is what customers use: it acts for no user. A web app acts for somebody always.
        """
        if owner is None:
            if program.kind == "webapp":
                raise _invalid_assertion()
            return None, None
        number = ids.read(owner.id) or 0
        if owner.type == "User" and program.kind != "sales_channel":
            user = await users.find(db, program.tenant_id, number)
            if user is not None and user.is_active:
                return None, user.id
        if owner.type == "Customer":
            account = await accounts.find(db, program.tenant_id, number)
            if account is not None and account.customer_set == program.customer_set and account.is_active:
                return account.id, None
        raise _invalid_assertion()

    async def _scoped(
        self, db: Session, program: Program, scope: str | None, proved: bool, account_id: int | None
    ) -> Asked:
        """What the scope gives. Private markets are for members of their group, disabled ones for no shopper.

        Raises OAuthError.
        """
        markets = await markets_of(db, program, scope or "")
        if program.kind == "sales_channel" and any(market.is_limited for market in program.markets):
            group = None if account_id is None else await segments.group_of(db, program.tenant_id, account_id)
            entered = [market for market in markets or program.markets if market.opens_for(group)]
            if markets is not None and len(entered) < len(markets):
                raise _bad("invalid_scope", "The requested scope is invalid.")
            markets = entered
        return Asked(
            tenant_id=program.tenant_id,
            application_id=program.id,
            scope=scope or "",
            market_ids=None if markets is None else [market.id for market in markets],
            is_confidential=proved,
            life=program.life,
            account_id=account_id,
        )

    async def _answer(
        self, db: Session, program: Program, grant: Grant, refresh: str | None, now: datetime
    ) -> dict[str, Any]:
        """What a client gets for its grant."""
        answer: dict[str, Any] = {
            "access_token": await tokens.sign(db, self._secrets, program, grant, self._domain),
            "token_type": "bearer",
            "expires_in": int(grant.expires_at.timestamp()) - int(now.timestamp()),
            "scope": tokens.scope(grant),
            "created_at": int(grant.issued_at.timestamp()),
        }
        if refresh is not None:
            answer["refresh_token"] = refresh
        if grant.account_id is not None:
            answer |= {"owner_id": ids.shown(grant.account_id), "owner_type": "customer"}
        if grant.staff_id is not None:
            answer |= {"owner_id": ids.shown(grant.staff_id), "owner_type": "user"}
        return answer

    async def owner(self, caller: Caller) -> dict[str, Any] | None:
        """Whose token it is, as tokeninfo tells it (behaviour 1)."""
        if caller.user is not None:
            return {
                "id": ids.shown(caller.user.id),
                "type": "User",
                "first_name": caller.user.first_name,
                "last_name": caller.user.last_name,
                "email": caller.user.email,
                "owner": False,
                "time_zone": caller.user.time_zone,
            }
        if caller.account_id is None:
            return None
        account = await accounts.find(self._database.session(), caller.grant.tenant_id, caller.account_id)
        if account is None:
            return None
        return {
            "id": ids.shown(account.id),
            "type": "Customer",
            "first_name": account.first_name,
            "last_name": account.last_name,
            "email": account.email.lower() if account.email else None,
            "owner": False,
            "time_zone": None,
        }

    async def revoke(self, caller: Caller | None, body: dict[str, Any], now: datetime) -> dict[str, Any]:
        """End a token: `caller` is whose access token it is, if it is one. Raises OAuthError."""
        refused = OAuthError("unauthorized_client", "You are not authorized to revoke this token", 403, "FORBIDDEN")
        client_id, secret, token = (str(body.get(name) or "") for name in ("client_id", "client_secret", "token"))
        db = self._database.session()
        program = await programs.by_client_id(db, client_id) if client_id else None
        if program is None:
            raise refused
        async with db.transaction():
            grant = caller.grant if caller else await grants.of_refresh(db, program.tenant_id, program.id, token)
            if grant is None or (grant.tenant_id, grant.application_id) != (program.tenant_id, program.id):
                raise refused
            needs_secret = program.kind != "sales_channel" or grant.is_confidential or grant.account_id is None
            is_asked = secret or (needs_secret and program.has_secret)
            if is_asked and not program.knows(secret):
                raise refused
            if not await grants.end(db, grant, now):
                raise refused
            await self._secrets.revocations.announce(db, grant.subject)
        return {}


def _narrowed(allowed: str, asked: str) -> str:
    """The scope of a token: what the user allowed; without a scope that is all, of which an app may take a part."""
    if allowed and asked and allowed.split() != asked.split():
        raise _bad("invalid_scope", "The requested scope is not the one that was allowed.")
    return allowed or asked


async def markets_of(db: Session, program: Program, scope: str) -> list[Market] | None:
    """The markets that a scope names, by themselves or by a store; None for all, or none at all. Raises OAuthError."""
    refused = _bad("invalid_scope", "The requested scope is invalid, unknown, or malformed.")
    if len(scope) > SCOPE_LENGTH_MAX:
        raise refused
    found: list[Market] = []
    is_all = False
    for part in scope.split():
        match = _SCOPE.fullmatch(part)
        if match is None or match["noun"] == "stock_location":
            raise refused  # there are none
        if match["all"]:
            is_all = True
            continue
        number = ids.read(match["value"]) or 0 if match["by"] == "id" else None
        code = match["value"] if match["by"] == "code" else None
        if match["noun"] == "store":
            number, code = await stores.market_of(db, program.tenant_id, number, code), None
        named = [m for m in program.markets if m.id == number or (code is not None and m.code == code)]
        if not named:
            raise refused
        found += [market for market in named if market not in found]
    return None if is_all or not scope else found
