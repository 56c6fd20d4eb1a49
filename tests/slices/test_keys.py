"""The keys that sign tokens: they rotate without a rejected token, and nothing else signs."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OKPKey

from patron.kernel.db import Database, Session
from patron.kernel.errors import Unauthenticated
from patron.kernel.secrets import Vault
from patron.kernel.tokens import KEYS_RELOADED_SECONDS, Keyring, ensure_key, rotate_keys
from shoppers import CURRENT
from shops import ACCOUNTS, Shop, fault

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
VAULT = Vault(bytes(32))
AUDIENCE = "test"
LIFE = timedelta(days=1)
LEAD, OVERLAP = timedelta(minutes=10), timedelta(days=2)


class Undone(Exception):
    """Ends a transaction that shall leave nothing."""


@pytest_asyncio.fixture
async def db(database: Database) -> AsyncIterator[Session]:
    """A session whose changes nobody else sees, with the first key of an installation."""
    session = database.session()
    with suppress(Undone):
        async with session.transaction():
            await session.execute("delete from signing_key")
            await ensure_key(session, VAULT, NOW)
            yield session
            raise Undone


class Process:
    """A keyring with a clock, as each process has one."""

    def __init__(self, db: Session) -> None:
        self.db = db
        self.now = NOW
        self.keyring = Keyring(VAULT, "patron", lambda: self.now.timestamp())

    async def sign(self, life: timedelta = LIFE) -> str:
        claims = {"aud": AUDIENCE, "iat": int(self.now.timestamp()), "exp": int((self.now + life).timestamp())}
        return await self.keyring.sign(self.db, claims, self.now)

    async def takes(self, token: str) -> bool:
        try:
            await self.keyring.verify(self.db, token, (AUDIENCE,), self.now)
        except Unauthenticated:
            return False
        return True


def key_of(token: str) -> str:
    head = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


async def test_a_rotation_rejects_no_token_that_is_still_good(db: Session) -> None:
    signer, checker = Process(db), Process(db)
    first = key_of(await signer.sign())
    tokens: list[tuple[str, datetime]] = []
    used = []
    new = None

    for minutes in range(0, 4 * 24 * 60, 30):
        signer.now = checker.now = NOW + timedelta(minutes=minutes)
        if minutes == 60:
            new, _ = await rotate_keys(db, VAULT, signer.now, lead=LEAD, overlap=OVERLAP)
        token = await signer.sign()
        used.append(key_of(token))
        tokens = [(t, end) for t, end in tokens if end > checker.now] + [(token, signer.now + LIFE)]
        assert [await checker.takes(t) for t, _ in tokens] == [True] * len(tokens), minutes

    assert used == [first] * 3 + [new] * (len(used) - 3)


async def test_a_new_key_is_used_after_its_lead_and_the_old_one_refused_after_the_overlap(db: Session) -> None:
    process = Process(db)
    old = await process.sign(timedelta(days=30))
    new, _ = await rotate_keys(db, VAULT, NOW, lead=LEAD, overlap=OVERLAP)

    process.now = NOW + LEAD - timedelta(seconds=1)
    assert key_of(await process.sign()) == key_of(old)
    process.now = NOW + LEAD
    assert key_of(await process.sign()) == new
    process.now = NOW + LEAD + OVERLAP - timedelta(seconds=1)
    assert await process.takes(old)
    process.now = NOW + LEAD + OVERLAP
    assert not await process.takes(old)


async def test_a_process_that_only_checks_hears_of_a_key_that_was_retired_early(db: Session) -> None:
    signer, checker = Process(db), Process(db)
    old = await signer.sign()
    assert await checker.takes(old)

    await rotate_keys(db, VAULT, NOW, lead=timedelta(0), overlap=timedelta(0))

    checker.now = NOW + timedelta(seconds=KEYS_RELOADED_SECONDS + 1)
    assert not await checker.takes(old)


async def test_a_token_of_an_unknown_key_has_the_keys_read_again_once_a_second(db: Session, statements: Any) -> None:
    process, read = Process(db), []
    await process.keyring.load(db)
    foreign = OKPKey.generate_key("Ed25519")
    strange = jwt.encode({"alg": "Ed25519", "kid": "strange"}, {"aud": AUDIENCE}, foreign, algorithms=["Ed25519"])
    statements.listeners.append(read.append)

    for _ in range(5):
        assert not await process.takes(strange)
    process.now += timedelta(seconds=1.5)
    for _ in range(5):
        assert not await process.takes(strange)

    statements.listeners.remove(read.append)
    assert len([sql for sql in read if "signing_key" in sql]) == 1
    await rotate_keys(db, VAULT, NOW, lead=timedelta(0), overlap=OVERLAP)
    process.now += timedelta(seconds=1.5)
    assert await process.takes(await Process(db).sign())


async def test_a_later_rotation_gives_an_older_key_no_more_time(db: Session) -> None:
    process = Process(db)
    old = await process.sign(timedelta(days=30))
    await rotate_keys(db, VAULT, NOW, lead=LEAD, overlap=timedelta(days=20))

    await rotate_keys(db, VAULT, NOW, lead=timedelta(0), overlap=timedelta(hours=1))

    process.now = NOW + timedelta(hours=1)
    assert not await process.takes(old)
    assert await process.takes(await process.sign())


async def test_the_same_claims_give_the_same_token_whatever_key_came_since(db: Session) -> None:
    process = Process(db)
    before = await process.sign()
    await rotate_keys(db, VAULT, NOW + timedelta(seconds=1), lead=timedelta(0), overlap=OVERLAP)
    await process.keyring.load(db)

    assert await process.sign() == before


async def test_published_keys_are_public_and_tell_of_the_next_one(db: Session) -> None:
    process = Process(db)
    first = key_of(await process.sign())
    new = await rotate_keys(db, VAULT, NOW, lead=LEAD, overlap=OVERLAP)
    second = new[0]

    published = (await process.keyring.published(db, NOW))["keys"]

    ours, others = ([key for key in published if key["alg"] == alg] for alg in ("Ed25519", "RS512"))
    assert {key["kid"] for key in ours} == {first, second}
    assert len(others) == 2
    for key in ours:
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["use"]) == ("OKP", "Ed25519", "sig")
    for key in others:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
        assert (key["kty"], key["use"]) == ("RSA", "sig")
    later = await process.keyring.published(db, NOW + LEAD + OVERLAP)
    assert [key["kid"] for key in later["keys"]] == new


async def test_keys_sealed_by_another_installation_do_not_open(db: Session) -> None:
    with pytest.raises(ValueError, match="another key"):
        await Keyring(Vault(b"x" * 32), "patron").load(db)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signed(head: dict, claims: dict, key: bytes, digest: str = "sha256") -> str:
    """A token with a shared-secret signature."""
    text = f"{encoded(head)}.{encoded(claims)}"
    code = base64.urlsafe_b64encode(hmac.digest(key, text.encode(), digest)).rstrip(b"=").decode()
    return f"{text}.{code}"


def forgeries(good: str, public: dict[str, str]) -> dict[str, str]:
    """Tokens that somebody without our private key could make out of a good one."""
    head, payload, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    kid = key_of(good)
    raw = base64.urlsafe_b64decode(public["x"] + "=")
    own = OKPKey.generate_key("Ed25519")
    jwk = {**own.as_dict(private=False), "kid": "mine"}

    def ours(**more: Any) -> str:
        return jwt.encode({"alg": "Ed25519", **more}, claims, own, algorithms=["Ed25519"])

    return {
        "no algorithm": f"{encoded({'alg': 'none', 'kid': kid})}.{payload}.",
        "no algorithm, old signature": f"{encoded({'alg': 'none', 'kid': kid})}.{payload}.{signature}",
        "the public key as a shared secret": signed({"alg": "HS256", "kid": kid}, claims, raw),
        "the public key's text as a shared secret": signed(
            {"alg": "HS256", "kid": kid}, claims, json.dumps(public).encode()
        ),
        "another key under our name": ours(kid=kid),
        "another key that the header brings": ours(kid="mine", jwk=jwk),
        "another key without a name": ours(),
        "other claims": f"{head}.{encoded({**claims, 'exp': 2**33})}.{signature}",
        "no signature": f"{head}.{payload}.",
        "half a signature": good[: len(good) - 20],
        "two parts": f"{head}.{payload}",
        "five parts": f"{head}.{payload}.{signature}.{payload}.{signature}",
        "a header that is no object": f"{encoded(['kid'])}.{payload}.{signature}",
        "a name that is no text": f"{encoded({'alg': 'Ed25519', 'kid': {'a': 1}})}.{payload}.{signature}",
        "nested beyond reason": f"{base64.urlsafe_b64encode(b'[' * 2_900).decode()}.{payload}.{signature}",
        "too long": f"{good}{'A' * 5_000}",
        "no token": "token",
        "other letters": "\u00e9.\u00e9.\u00e9",
    }


async def test_what_we_did_not_sign_opens_nothing(shop: Shop, http: httpx.AsyncClient) -> None:
    ticket = await shop.shopper()
    public = {key["kid"]: key for key in (await http.get("/.well-known/jwks.json")).json()["keys"]}
    assert all("d" not in key for key in public.values())

    for good in (shop.token, ticket["accessToken"]):
        for name, bad in forgeries(good, public[key_of(good)]).items():
            text = bad.encode("latin-1")
            for headers in (
                {"Authorization": b"Bearer " + text},
                {"x-vol-app-claims": text},
                {"Authorization": f"Bearer {shop.token}".encode(), "x-vol-user-claims": text},
            ):
                answer = await http.get(CURRENT, headers=headers)  # type: ignore[arg-type]
                assert fault(answer)[:2] == (401, "UNAUTHORIZED"), name
                assert "invalid_token" in answer.json()["message"], name
    assert (await shop.get(CURRENT, shopper=ticket["accessToken"])).status_code == 200


async def test_a_good_token_opens_only_what_it_was_made_for(shop: Shop, http: httpx.AsyncClient) -> None:
    ticket = await shop.shopper()
    body = {"client_id": shop.client_id, "client_secret": shop.client_secret}
    application = (await http.post("/api/platform/applications/authtickets/oauth", json=body)).json()

    for headers in (
        {"Authorization": f"Bearer {application['refresh_token']}"},
        {"x-vol-app-claims": application["refresh_token"]},
        {"Authorization": f"Bearer {ticket['refreshToken']}"},
        {"Authorization": f"Bearer {shop.token}", "x-vol-user-claims": application["access_token"]},
        {"Authorization": f"Bearer {shop.token}", "x-vol-user-claims": application["refresh_token"]},
    ):
        answer = await http.get(ACCOUNTS, headers=headers)
        assert fault(answer)[:2] == (401, "UNAUTHORIZED"), headers
        assert "invalid_token" in answer.json()["message"], headers


async def test_an_expired_token_says_so(shop: Shop, clock: Any) -> None:
    token = await shop.sign_in()
    clock.advance(hours=1)

    answer = await shop.http.get(ACCOUNTS, headers={"Authorization": f"Bearer {token}"})

    assert fault(answer)[:2] == (401, "UNAUTHORIZED")
    assert answer.json()["message"] == "invalid_token: the token has expired."
