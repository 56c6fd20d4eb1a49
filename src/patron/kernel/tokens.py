"""Signed tokens, and keys that rotate.

Ed25519 signatures (RFC 8037) are deterministic, so the same claims give the same token again. Private keys are stored
encrypted. Verifying costs 135 µs, the cache 0.2; how long it may trust is told in revocation.py.
"""

import base64
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from patron.kernel.db import Session
from patron.kernel.errors import Unauthenticated, Unavailable
from patron.kernel.secrets import Vault

ALGORITHM = "Ed25519"
TOKEN_CHARACTERS_MAX = 4096
RELOAD_SECONDS_MIN = 1.0
KEYS_RELOADED_SECONDS = 60.0
# A process that has read the keys just before a new one was made does not look again at once (RELOAD_SECONDS_MIN). So a
# key that joins others signs only after that, or its first tokens would be refused there.
LEAD_MIN = timedelta(seconds=5)

Claims = dict[str, Any]


class _Key(msgspec.Struct, frozen=True):
    """A signing key; `head` is the first part of the tokens that it signs (RFC 7515 section 3.1)."""

    kid: str
    jwk: OKPKey
    private: Any
    head: bytes
    public: dict[str, Any]
    active_from: datetime
    retires_at: datetime | None


class _Header(msgspec.Struct):
    kid: str


_HEADER = msgspec.json.Decoder(_Header)


class Keyring:
    """The signing keys as this process knows them: read again every minute, and when a token names an unknown one.

    So a new key should be there a minute before it is used, and a key that is retired early is refused a minute later.
    """

    def __init__(self, vault: Vault, issuer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._vault = vault
        self.issuer = issuer
        self._clock = clock
        self._keys: dict[str, _Key] = {}
        self._loaded_at = float("-inf")

    async def load(self, db: Session) -> None:
        """Read the keys from the database."""
        rows = await db.fetch("select kid, public_jwk, sealed_jwk, active_from, retires_at from signing_key")
        self._keys = {row["kid"]: self._open(row) for row in rows}
        self._loaded_at = self._clock()

    def _open(self, row: Any) -> _Key:
        private = msgspec.json.decode(self._vault.open(row["sealed_jwk"], f"signing key {row['kid']}"))
        jwk = OKPKey.import_key(private)
        head = _unpadded(msgspec.json.encode({"alg": ALGORITHM, "kid": row["kid"], "typ": "at+jwt"}))
        return _Key(row["kid"], jwk, jwk.private_key, head, row["public_jwk"], row["active_from"], row["retires_at"])

    async def _known_for(self, db: Session, seconds: float) -> None:
        """Read the keys again unless that was done within so many seconds."""
        if self._clock() - self._loaded_at > seconds:
            await self.load(db)

    async def sign(self, db: Session, claims: Claims, at: datetime) -> str:
        """A token of these claims, signed with the key that was the newest active one at that time."""
        await self._known_for(db, KEYS_RELOADED_SECONDS)
        active = [k for k in self._keys.values() if k.active_from <= at and (k.retires_at is None or k.retires_at > at)]
        key = max(active or self._keys.values(), key=lambda k: k.active_from)
        signed = key.head + b"." + _unpadded(msgspec.json.encode({"iss": self.issuer, **claims}))
        return (signed + b"." + _unpadded(key.private.sign(signed))).decode()

    async def verify(self, db: Session, token: str, audiences: tuple[str, ...], now: datetime) -> Claims:
        """The claims of a token made for one of `audiences`. Raises Unauthenticated for any other text.

        The algorithm is ours to name, never the token's (RFC 8725 3.1); `exp`, `nbf`, `iss` and `aud` must fit.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise Unauthenticated("invalid_token: the token is too long.")
        key = await self._key_of(db, token)
        try:
            decoded = jwt.decode(token, key.jwk, algorithms=[ALGORITHM])
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthenticated("invalid_token: the token cannot be verified.") from None
        claims = decoded.claims
        if claims.get("iss") != self.issuer or claims.get("aud") not in audiences:
            raise Unauthenticated("invalid_token: the token was made for something else.")
        at = now.timestamp()
        if not (claims.get("nbf", 0) <= at + 5 and at < claims.get("exp", 0)):
            raise Unauthenticated("invalid_token: the token has expired.")
        if key.retires_at is not None and key.retires_at <= now:
            raise Unauthenticated("invalid_token: the token's key is retired.")
        return claims

    async def _key_of(self, db: Session, token: str) -> _Key:
        try:
            kid = _HEADER.decode(_unpad(token.partition(".")[0])).kid
        except (ValueError, RecursionError, msgspec.DecodeError):
            raise Unauthenticated("invalid_token: this is not a token.") from None
        await self._known_for(db, KEYS_RELOADED_SECONDS if kid in self._keys else RELOAD_SECONDS_MIN)
        if kid not in self._keys:
            raise Unauthenticated("invalid_token: the token's key is unknown.")
        return self._keys[kid]

    async def published(self, db: Session, now: datetime) -> dict[str, Any]:
        """The public keys as a JWK set (RFC 7517), with those that will become active.

        While the database is away those that this process knows: others go on verifying our tokens.
        """
        with suppress(Unavailable):
            await self.load(db)
        keys = [k.public for k in self._keys.values() if k.retires_at is None or k.retires_at > now]
        return {"keys": keys}


def _unpadded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def _unpad(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class SigningKey(msgspec.Struct, frozen=True):
    """What an operator may know of a key."""

    kid: str
    algorithm: str
    created_at: datetime
    active_from: datetime
    retires_at: datetime | None


async def signing_keys(db: Session) -> list[SigningKey]:
    """All signing keys, the newest first."""
    rows = await db.fetch(
        "select kid, algorithm, created_at, active_from, retires_at from signing_key order by active_from desc, kid"
    )
    return [SigningKey(*row) for row in rows]


async def ensure_key(db: Session, vault: Vault, now: datetime) -> None:
    """Make the first signing key of an installation, once, however many processes start at the same time."""
    if await db.value("select exists (select from signing_key)"):
        return
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('patron first signing key'))")
        if not await db.value("select exists (select from signing_key)"):
            await rotate_keys(db, vault, now, lead=timedelta(0), overlap=timedelta(0))


async def rotate_keys(db: Session, vault: Vault, now: datetime, *, lead: timedelta, overlap: timedelta) -> str:
    """Make a new signing key, active after `lead`; older ones verify for `overlap` more. Answers the new key's id.

    No older key outlives that, not even one that an earlier rotation had given more time.
    """
    key = OKPKey.generate_key("Ed25519", auto_kid=False)
    kid = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": ALGORITHM}
    sealed = vault.seal(msgspec.json.encode(key.as_dict(private=True)), f"signing key {kid}")
    async with db.transaction():
        await db.execute(
            "update signing_key set retires_at = $1 where retires_at is null or retires_at > $1", now + lead + overlap
        )
        await db.execute(
            """
            insert into signing_key (kid, algorithm, public_jwk, sealed_jwk, created_at, active_from)
            values ($1, $2, $3, $4, $5, $6)
            """,
            kid,
            ALGORITHM,
            public,
            sealed,
            now,
            now + lead,
        )
    return kid
