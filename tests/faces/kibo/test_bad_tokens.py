"""Tokens that prove nothing: forged, cut, expired, made for something else, or somebody else's."""

import base64
import json
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from patron.kernel.clock import clock as real_clock
from patron.kernel.db import Database
from patron.kernel.secrets import Vault, read_key
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from shops import ACCOUNTS, Shop, fault
from stage import TEST_KEY, Clock

REFUSED = (401, "UNAUTHORIZED", None)


def encoded(part: Any) -> str:
    """A part of a token."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header, claims and signature of a token."""
    header, claims, signature = token.split(".")
    return *(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)), signature


@pytest_asyncio.fixture
async def keyring(database: Database, settings: Settings) -> Keyring:
    """The installation's own keys."""
    keyring = Keyring(Vault(read_key(TEST_KEY, settings.home)), settings.issuer)
    await keyring.load(database.session())
    return keyring


async def tried(shop: Shop, token: str) -> tuple[int, str, str | None]:
    """What a token is answered, wherever it stands."""
    as_bearer = await shop.http.get(ACCOUNTS, headers={"Authorization": f"Bearer {token}"})
    raw = await shop.http.get(ACCOUNTS, headers={"x-vol-app-claims": token})
    beside = await shop.get(f"{ACCOUNTS}/current", shopper=token)
    assert fault(as_bearer) == fault(raw) == fault(beside)
    assert "invalid_token" in as_bearer.json()["message"]
    return fault(as_bearer)


async def test_a_changed_token_is_forged(shop: Shop) -> None:
    header, claims, signature = parts(shop.token)
    other = {**claims, "app": claims["app"] + 1}
    for token in (
        f"{encoded(header)}.{encoded(other)}.{signature}",
        f"{encoded(header)}.{encoded({**claims, 'exp': claims['exp'] + 9_999})}.{signature}",
        f"{encoded({**header, 'x': 1})}.{encoded(claims)}.{signature}",
        shop.token[:-6] + ("AAAAAA" if not shop.token.endswith("AAAAAA") else "BBBBBB"),
    ):
        assert await tried(shop, token) == REFUSED


async def test_a_cut_token_is_none(shop: Shop) -> None:
    header, claims, signature = shop.token.split(".")
    for token in (
        *(shop.token[:-1], shop.token[: len(shop.token) // 2], header, f"{header}.", f"{header}.{claims}"),
        *(f"{header}.{claims}.", f".{claims}.{signature}", f"{header}..{signature}", "..", ".", "x"),
        *(f"{shop.token}.{signature}", f"{header}.{claims}.{signature}x", shop.token + "="),
    ):
        assert await tried(shop, token) == REFUSED, token


async def test_a_token_without_a_signature_is_none(shop: Shop) -> None:
    header, claims, signature = parts(shop.token)
    for algorithm in ("none", "None", "NONE", "", None, [], "HS256", "EdDSA", "RS256"):
        for end in ("", signature):
            token = f"{encoded({**header, 'alg': algorithm})}.{encoded(claims)}.{end}"
            assert await tried(shop, token) == REFUSED, algorithm


async def test_a_token_signed_with_another_key_is_forged(shop: Shop) -> None:
    header, claims, _ = parts(shop.token)
    jwks = (await shop.http.get("/.well-known/jwks.json")).json()["keys"]
    public = json.dumps(jwks[0]).encode()
    strange = OKPKey.generate_key("Ed25519")
    forged = [
        jwt.encode(header, claims, strange, algorithms=["Ed25519"]),
        jwt.encode({**header, "kid": strange.thumbprint()}, claims, strange, algorithms=["Ed25519"]),
        jwt.encode({**header, "jwk": strange.as_dict(private=False)}, claims, strange, algorithms=["Ed25519"]),
    ]
    forged += [
        jwt.encode({**header, "alg": "HS256"}, claims, OctKey.import_key(secret), algorithms=["HS256"])
        for secret in (public, base64.urlsafe_b64decode(jwks[0]["x"] + "=="), b"x" * 32)
    ]
    for token in forged:
        assert await tried(shop, token) == REFUSED


@pytest.mark.parametrize("kid", ["unknown", "", None, 7, True, [], {}, ["a"], "\0", "x" * 3_000])
async def test_a_token_names_one_of_our_keys(shop: Shop, kid: Any) -> None:
    header, claims, signature = parts(shop.token)
    assert await tried(shop, f"{encoded({**header, 'kid': kid})}.{encoded(claims)}.{signature}") == REFUSED


@pytest.mark.parametrize(
    "header",
    [b"[]", b"7", b"null", b'"kid"', b"{}", b"{", b"", b"\xff", b"[" * 3_000, b'{"kid":' * 500, b'{"alg":"Ed25519"}'],
    ids=lambda header: repr(header[:12]),
)
async def test_a_header_that_is_no_header_is_refused(shop: Shop, header: bytes) -> None:
    _, claims, signature = shop.token.split(".")
    assert await tried(shop, f"{encoded(header)}.{claims}.{signature}") == REFUSED


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "patron:application-refresh"},
        {"aud": "somebody else"},
        {"aud": ["patron:application"]},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"exp": 1},
        {"nbf": 99_999_999_999},
    ],
    ids=str,
)
async def test_a_token_made_for_something_else_is_refused(
    shop: Shop, database: Database, keyring: Keyring, claims: dict[str, Any]
) -> None:
    _, own, _ = parts(shop.token)
    token = await keyring.sign(database.session(), own | claims, real_clock())

    assert await tried(shop, token) == REFUSED


async def test_an_own_token_signed_anew_is_taken(shop: Shop, database: Database, keyring: Keyring) -> None:
    """So that the test above fails for the claim that it changes, and for nothing else."""
    _, own, _ = parts(shop.token)
    token = await keyring.sign(database.session(), own | {"jti": "another"}, real_clock())

    assert (await shop.http.get(ACCOUNTS, headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_a_refresh_token_is_no_access_token(shop: Shop) -> None:
    body = {"client_id": shop.client_id, "client_secret": shop.client_secret}
    ticket = (await shop.post("/api/platform/applications/authtickets/oauth", body)).json()

    assert await tried(shop, ticket["refresh_token"]) == REFUSED


async def test_an_expired_token_is_refused(shop: Shop, clock: Clock) -> None:
    token = await shop.sign_in()
    ticket = await shop.shopper()
    clock.advance(hours=1, seconds=1)

    assert await tried(shop, token) == REFUSED
    assert await tried(shop, ticket["accessToken"]) == REFUSED
    assert "expired" in (await shop.http.get(ACCOUNTS, headers={"x-vol-app-claims": token})).json()["message"]


async def test_an_application_token_is_no_shopper(shop: Shop) -> None:
    again = await shop.sign_in()

    assert fault(await shop.get(f"{ACCOUNTS}/current", shopper=again)) == REFUSED


async def test_the_token_of_a_disabled_application_ends(shop: Shop, database: Database) -> None:
    token = await shop.sign_in()
    await database.session().execute("update application set is_active = false where tenant_id = $1", shop.tenant_id)

    assert await tried(shop, token) == REFUSED


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "bearer",
        "Token x",
        "Bearer  ",
        "Bearer\tx",
        "Bearerx",
        "é",
        "Bearer é",
    ],
)
async def test_an_authorization_without_a_token_is_refused(shop: Shop, header: str) -> None:
    answer = await shop.http.get(ACCOUNTS, headers={"Authorization": header.encode("latin-1")})

    assert fault(answer) == REFUSED


@pytest.mark.parametrize("token", ["x" * 4_097, "x" * 60_000, "é" * 100, "\x7f" * 20, "a.b.c" * 700])
async def test_a_text_that_is_no_token_is_refused(shop: Shop, token: str) -> None:
    for name in ("Authorization", "x-vol-app-claims", "x-vol-user-claims"):
        value = f"Bearer {token}" if name == "Authorization" else token
        headers = shop.headers() | {name: value.encode("latin-1")}
        if name == "x-vol-app-claims":
            del headers["Authorization"]
        assert fault(await shop.http.get(ACCOUNTS, headers=headers)) == REFUSED


async def test_the_bearer_wins_over_the_older_header(shop: Shop) -> None:
    good = {"Authorization": f"bearer {shop.token}", "x-vol-app-claims": "x"}
    bad = {"Authorization": "Bearer x", "x-vol-app-claims": shop.token}

    assert (await shop.http.get(ACCOUNTS, headers=good)).status_code == 200
    assert (await shop.http.get(ACCOUNTS, headers={"x-vol-app-claims": shop.token})).status_code == 200
    assert fault(await shop.http.get(ACCOUNTS, headers=bad)) == REFUSED


async def test_another_tenants_number_is_answered_like_one_that_nobody_has(shop: Shop, other_shop: Shop) -> None:
    for name, own, unknown in (
        ("x-vol-tenant", other_shop.tenant_id, 99_999_999),
        ("x-vol-site", other_shop.site_id, 99_999_999),
    ):
        theirs = await shop.get(ACCOUNTS, headers={name: str(own)})
        nobodys = await shop.get(ACCOUNTS, headers={name: str(unknown)})
        assert fault(theirs) == fault(nobodys) == (404, "ITEM_NOT_FOUND", None)
        assert theirs.json()["message"].replace(str(own), "") == nobodys.json()["message"].replace(str(unknown), "")


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e3", "9" * 20, "1;2", "\u00b2"])
async def test_a_tenant_or_site_that_is_no_number_is_refused_by_name(shop: Shop, value: str) -> None:
    for name in ("x-vol-tenant", "x-vol-site"):
        answer = await shop.get(ACCOUNTS, headers={name: value.encode("latin-1")})
        assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", name)


async def test_the_host_may_name_tenant_and_site_and_must_agree(shop: Shop) -> None:
    token = {"Authorization": f"Bearer {shop.token}"}
    named = {"Host": f"t{shop.tenant_id}-s{shop.site_id}.eu.shop.test"}
    conflict = named | {"x-vol-tenant": str(shop.tenant_id + 1)}
    foreign = {"Host": f"t{shop.tenant_id + 1}.eu.shop.test"}

    assert (await shop.http.get(ACCOUNTS, headers=token | named)).status_code == 200
    answer = await shop.http.get(ACCOUNTS, headers=token | conflict)
    assert fault(answer) == (400, "MISSING_OR_INVALID_PARAMETER", "x-vol-tenant")
    assert fault(await shop.http.get(ACCOUNTS, headers=token | foreign))[0] == 404


async def test_nothing_of_a_token_is_told_in_its_refusal(shop: Shop) -> None:
    header, claims, _ = shop.token.split(".")
    answer = await shop.http.get(ACCOUNTS, headers={"Authorization": f"Bearer {header}.{claims}.AAAA"})

    assert claims not in answer.text
    assert msgspec.json.decode(answer.content)["exceptionDetail"] is None
