"""From the headers of a request to who is calling."""

import re
from collections.abc import Mapping
from datetime import datetime

from patron.jsonapi import tokens
from patron.jsonapi.caller import SCOPES, Caller
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Unauthenticated
from patron.kernel.remembered import Remembered

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


class Authenticator:
    """Verifies access tokens, and remembers those that it has verified."""

    def __init__(self, database: Database, secrets: Secrets, cache: Remembered[Caller], domain: str) -> None:
        self._database = database
        self._secrets = secrets
        self._cache = cache
        self._domain = domain

    async def caller(self, headers: Mapping[str, str], now: datetime) -> Caller:
        """Who is calling. Raises Unauthenticated."""
        match = _BEARER.fullmatch(headers.get("authorization", ""))
        if match is None:
            raise Unauthenticated("invalid_token: a bearer token is needed.")
        token = match[1]
        known = self._cache.get(token)
        if known is not None:
            return known
        check, db = self._cache.check(), self._database.session()
        claims = await self._secrets.keyring.verify_from(db, token, tokens.issuer(self._domain), now, "RS512")
        caller = await tokens.caller_of(db, claims)
        seconds = claims["exp"] - now.timestamp()
        self._cache.put(token, caller, check, seconds=seconds, subjects=tokens.subjects(caller))
        return caller

    def context(self, caller: Caller, now: datetime, request_id: str) -> Ctx:
        """The context of a request."""
        return Ctx(
            caller.program.tenant_id,
            caller.actor,
            SCOPES,
            now,
            request_id,
            self._database.session(),
            self._secrets,
            caller.site,
        )
