"""Signed tokens, and keys that rotate, of two algorithms: Ed25519 for our own, RS512 where a dialect has it.

Both kinds of signatures (RFC 8037, RFC 8017 8.2) are deterministic, so the same claims give the same token again.
Private keys are stored encrypted. Verifying costs 135 µs, the cache 0.2; how long it may trust is told
in revocation.py.
"""

import base64
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha512
from typing import Any, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA512
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey, RSAKey

from patron.kernel.db import Session
from patron.kernel.errors import Unauthenticated, Unavailable
from patron.kernel.secrets import Vault

Algorithm = Literal["Ed25519", "RS512"]
ALGORITHMS: tuple[Algorithm, ...] = ("Ed25519", "RS512")
_TYPES = {"Ed25519": "at+jwt", "RS512": "JWT"}
_RSA_BITS = 2048
TOKEN_CHARACTERS_MAX = 8_192  # with a claim as large as an assertion may bring
SIGNATURES_MAX = 1_000
RELOAD_SECONDS_MIN = 1.0
KEYS_RELOADED_SECONDS = 60.0
# A process that has read the keys just before a new one was made does not look again at once (RELOAD_SECONDS_MIN). So a
# key that joins others signs only after that, or its first tokens would be refused there.
LEAD_MIN = timedelta(seconds=5)

Claims = dict[str, Any]


class _Key(msgspec.Struct, frozen=True):
    """A signing key; `head` is the first part of the tokens that it signs (RFC 7515 section 3.1)."""

    kid: str
    algorithm: Algorithm
    jwk: OKPKey | RSAKey
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
        self._signatures: dict[bytes, bytes] = {}  # by RSA, of texts that name their key
        self._loaded_at = float("-inf")

    async def load(self, db: Session) -> None:
        """Read the keys from the database."""
        rows = await db.fetch("select kid, algorithm, public_jwk, sealed_jwk, active_from, retires_at from signing_key")
        self._keys = {row["kid"]: self._open(row) for row in rows}
        self._loaded_at = self._clock()

    def _open(self, row: Any) -> _Key:
        private = msgspec.json.decode(self._vault.open(row["sealed_jwk"], f"signing key {row['kid']}"))
        algorithm = row["algorithm"]
        jwk = OKPKey.import_key(private) if algorithm == "Ed25519" else RSAKey.import_key(private)
        head = _unpadded(msgspec.json.encode({"alg": algorithm, "kid": row["kid"], "typ": _TYPES[algorithm]}))
        times = row["active_from"], row["retires_at"]
        return _Key(row["kid"], algorithm, jwk, jwk.private_key, head, row["public_jwk"], *times)

    async def _known_for(self, db: Session, seconds: float) -> None:
        """Read the keys again unless that was done within so many seconds."""
        if self._clock() - self._loaded_at > seconds:
            await self.load(db)

    async def sign(self, db: Session, claims: Claims, at: datetime, algorithm: Algorithm = "Ed25519") -> str:
        """A token of these claims, signed with the key that was the newest active one at that time.

        The issuer is ours unless the claims name another.
        """
        await self._known_for(db, KEYS_RELOADED_SECONDS)
        keys = [k for k in self._keys.values() if k.algorithm == algorithm]
        active = [k for k in keys if k.active_from <= at and (k.retires_at is None or k.retires_at > at)]
        key = max(active or keys, key=lambda k: k.active_from)
        signed = key.head + b"." + _unpadded(msgspec.json.encode({"iss": self.issuer, **claims}))
        made = key.private.sign(signed) if algorithm == "Ed25519" else self._by_rsa(key, signed)
        return (signed + b"." + _unpadded(made)).decode()

    def _by_rsa(self, key: _Key, signed: bytes) -> bytes:
        """The signature of a text. The same text has the same (RFC 8017 8.2.1), and a new one costs a millisecond:
        programs that ask for their running token again and again get it from here.
        """
        digest = sha512(signed).digest()
        made = self._signatures.get(digest)
        if made is None:
            if len(self._signatures) >= SIGNATURES_MAX:
                self._signatures.clear()
            made = self._signatures[digest] = key.private.sign(signed, PKCS1v15(), SHA512())
        return made

    async def verify(self, db: Session, token: str, audiences: tuple[str, ...], now: datetime) -> Claims:
        """The claims of a token of ours made for one of `audiences`. Raises Unauthenticated for any other text."""
        claims = await self.verify_from(db, token, self.issuer, now, "Ed25519")
        if claims.get("aud") not in audiences:
            raise Unauthenticated("invalid_token: the token was made for something else.")
        return claims

    async def verify_from(self, db: Session, token: str, issuer: str, now: datetime, algorithm: Algorithm) -> Claims:
        """The claims of a token that one of our keys signed in the name of an issuer. Raises Unauthenticated.

        The algorithm is ours to name, never the token's (RFC 8725 3.1); `exp`, `nbf` and `iss` must fit.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise Unauthenticated("invalid_token: the token is too long.")
        key = await self._key_of(db, token)
        if key.algorithm != algorithm:
            raise Unauthenticated("invalid_token: the token was made for something else.")
        try:
            decoded = jwt.decode(token, key.jwk, algorithms=[algorithm])
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthenticated("invalid_token: the token cannot be verified.") from None
        claims = decoded.claims
        if claims.get("iss") != issuer:
            raise Unauthenticated("invalid_token: the token was made for something else.")
        at = now.timestamp()
        if not (claims.get("nbf", 0) <= at + 5 and at < claims.get("exp", 0)):
            raise Unauthenticated("invalid_token: the token has expired.")
        if key.retires_at is not None and key.retires_at <= now:
            raise Unauthenticated("invalid_token: the token's key is retired.")
        return claims

    async def has_key_of(self, db: Session, token: str, now: datetime) -> bool:
        """Whether the key of a token that we have made is still good."""
        key = await self._key_of(db, token)
        return key.retires_at is None or key.retires_at > now

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
    """Make the first signing keys of an installation, once, however many processes start at the same time."""
    if await _has_every(db):
        return
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('patron first signing key'))")
        for algorithm in ALGORITHMS:
            if not await db.value("select exists (select from signing_key where algorithm = $1)", algorithm):
                await _rotate(db, vault, now, algorithm, lead=timedelta(0), overlap=timedelta(0))


async def _has_every(db: Session) -> bool:
    return int(await db.value("select count(distinct algorithm) from signing_key")) == len(ALGORITHMS)


async def rotate_keys(db: Session, vault: Vault, now: datetime, *, lead: timedelta, overlap: timedelta) -> list[str]:
    """Make a new signing key of each algorithm, active after `lead`; older ones verify for `overlap` more.

    No older key outlives that, not even one that an earlier rotation had given more time. Answers the new keys' ids.
    """
    async with db.transaction():
        return [await _rotate(db, vault, now, one, lead=lead, overlap=overlap) for one in ALGORITHMS]


async def _rotate(
    db: Session, vault: Vault, now: datetime, algorithm: Algorithm, *, lead: timedelta, overlap: timedelta
) -> str:
    key: OKPKey | RSAKey = (
        OKPKey.generate_key("Ed25519", auto_kid=False)
        if algorithm == "Ed25519"
        else RSAKey.generate_key(_RSA_BITS, auto_kid=False)
    )
    kid = key.thumbprint()
    public = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
    sealed = vault.seal(msgspec.json.encode(key.as_dict(private=True)), f"signing key {kid}")
    async with db.transaction():
        await db.execute(
            """
            update signing_key set retires_at = $1
            where algorithm = $2 and (retires_at is null or retires_at > $1)
            """,
            now + lead + overlap,
            algorithm,
        )
        await db.execute(
            """
            insert into signing_key (kid, algorithm, public_jwk, sealed_jwk, created_at, active_from)
            values ($1, $2, $3, $4, $5, $6)
            """,
            kid,
            algorithm,
            public,
            sealed,
            now,
            now + lead,
        )
    return kid
