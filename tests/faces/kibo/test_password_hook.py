"""The web hook that a merchant is asked through about imported passwords in formats of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from password_hooks import Merchant, answer, certificate, merchant
from patron.app import create_app
from patron.kernel import outbound
from patron.kernel.outbound import CallFailed, Outbound, is_public
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Vault
from patron.settings import Settings
from patron.tenants import actions as tenants
from shoppers import STRONG, sign_in, state
from shops import ACCOUNTS, Shop, fault

NAME, PASSWORD, THEIRS = "jo@example.com", "old-system-1", "theirs:$7$any"


@pytest_asyncio.fixture(scope="module")
async def private_http(settings: Settings, session_clock: Callable[[], datetime]) -> AsyncIterator[httpx.AsyncClient]:
    """The app as an operator runs it who allows hooks in the own network."""
    app = create_app(replace(settings, private_hooks=True), session_clock)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as http,
    ):
        yield http


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Merchant]:
    async with merchant() as one:
        yield one


def through(shop: Shop, http: httpx.AsyncClient) -> Shop:
    """The same shop at another app."""
    other = Shop(http, shop.database, **{k: v for k, v in vars(shop).items() if k not in ("http", "database")})
    other.token = shop.token
    return other


@pytest.fixture
def private(shop: Shop, private_http: httpx.AsyncClient) -> Shop:
    """The shop where private hooks are allowed."""
    return through(shop, private_http)


async def ask(shop: Shop, settings: Settings, url: str) -> str:
    """Have the shop ask this hook. Answers the key."""
    db, revocations = shop.database.session(), Revocations(shop.database, lambda _: None)
    async with db.transaction():
        key = await tenants.set_password_hook(db, Vault(settings.key), revocations, shop.tenant_id, url)
    assert key is not None
    return key


async def imported(shop: Shop) -> int:
    body = {"account": {"emailAddress": NAME}, "externalPassword": THEIRS, "isImport": True}
    made = await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body)
    assert made.status_code == 201, made.text
    return int(made.json()["customerAccount"]["id"])


async def test_a_clear_yes_signs_in_once_and_is_never_asked_again(
    private: Shop, hook: Merchant, settings: Settings
) -> None:
    key = await ask(private, settings, hook.url)
    account_id = await imported(private)
    hook.says = lambda question: answer('{"valid": %s}' % ("true" if question["password"] == PASSWORD else "false"))

    assert fault(await sign_in(private, NAME, "Wrong-1"))[:2] == (401, "UNAUTHORIZED")
    read = (await private.get(f"{ACCOUNTS}/{account_id}")).json()
    assert (read["hasExternalPassword"], read["migrationRequired"]) == (True, True)
    assert (await state(private, account_id))["failedLoginAttemptCount"] == 1
    first = await sign_in(private, NAME, PASSWORD)
    again = await sign_in(private, NAME, PASSWORD)

    assert (first.status_code, again.status_code) == (201, 201)
    account = first.json()["customerAccount"]
    assert (account["hasExternalPassword"], account["migrationRequired"]) == (False, False)
    assert (await state(private, account_id))["failedLoginAttemptCount"] == 0
    assert hook.asked[1:] == [
        {
            "accountId": account_id,
            "userName": NAME,
            "emailAddress": NAME,
            "customerSetCode": "default",
            "password": PASSWORD,
            "externalPassword": THEIRS,
        }
    ]
    assert hook.is_signed(key)
    assert not hook.is_signed("whsec_" + "A" * 43 + "=")


@pytest.mark.parametrize(
    "said",
    [
        answer('{"valid": false}'),
        answer('{"valid": "true"}'),
        answer('{"valid": 1}'),
        answer("true"),
        answer("[" * 50_000),
        answer(""),
        answer('{"valid": true}', "500 Internal Server Error"),
        answer('{"valid": true}', "201 Created"),
        answer('{"valid": true, "more": "' + "x" * 70_000 + '"}'),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
    ids=lambda said: said[:24].decode() + f" {len(said)}",
)
async def test_whatever_is_no_clear_yes_is_a_wrong_password(
    private: Shop, hook: Merchant, settings: Settings, said: bytes
) -> None:
    await ask(private, settings, hook.url)
    await imported(private)
    hook.says = lambda _: said

    assert fault(await sign_in(private, NAME, PASSWORD)) == (401, "UNAUTHORIZED", None)
    assert len(hook.asked) == 1


async def test_a_redirection_is_not_followed(private: Shop, hook: Merchant, settings: Settings) -> None:
    await ask(private, settings, hook.url)
    await imported(private)
    hook.says = lambda _: answer('{"valid": true}', "307 Temporary Redirect", f"Location: {hook.url}/other")

    assert fault(await sign_in(private, NAME, PASSWORD))[0] == 401
    assert len(hook.asked) == 1


async def test_no_answer_in_time_and_nobody_there_are_wrong_passwords(
    private: Shop, hook: Merchant, settings: Settings
) -> None:
    await imported(private)
    await ask(private, settings, "http://127.0.0.1:9/check")
    assert fault(await sign_in(private, NAME, PASSWORD))[0] == 401

    await ask(private, settings, hook.url)
    hook.says = lambda _: None
    assert fault(await sign_in(private, NAME, PASSWORD))[0] == 401
    assert len(hook.asked) == 1


async def test_without_leave_private_hosts_and_plain_http_are_never_called(
    shop: Shop, hook: Merchant, settings: Settings
) -> None:
    await imported(shop)

    for url in (hook.url, hook.url.replace("http:", "https:"), hook.url.replace("127.0.0.1", "localhost")):
        await ask(shop, settings, url)
        assert fault(await sign_in(shop, NAME, PASSWORD))[0] == 401

    assert hook.asked == []


async def test_while_it_is_asked_others_sign_in_and_guesses_are_bounded(
    private: Shop, hook: Merchant, settings: Settings, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "SECONDS_MAX", 60)  # the others need not be quick
    await ask(private, settings, hook.url)
    await imported(private)
    await private.shopper(emailAddress="kim@example.com")
    others: list[int] = []

    async def meanwhile() -> None:
        others.append((await sign_in(private, "kim@example.com")).status_code)

    hook.meanwhile = meanwhile
    hook.says = lambda _: answer('{"valid": false}')
    guesses = await asyncio.gather(*(sign_in(private, NAME, f"Guess-{n}") for n in range(12)))

    assert {guess.status_code for guess in guesses} == {401}
    assert len(hook.asked) == 5
    assert others == [201] * 5
    clock.advance(seconds=31)
    hook.says = lambda _: answer('{"valid": true}')
    assert (await sign_in(private, NAME, PASSWORD)).status_code == 201


async def test_without_a_hook_only_a_reset_helps(shop: Shop, hook: Merchant, settings: Settings) -> None:
    account_id = await imported(shop)
    assert fault(await sign_in(shop, NAME, PASSWORD))[0] == 401
    assert fault(await sign_in(shop, NAME, THEIRS))[0] == 401

    change = await shop.post(f"{ACCOUNTS}/{account_id}/Change-Password", {"newPassword": STRONG})

    assert change.status_code == 200
    assert (await sign_in(shop, NAME, STRONG)).status_code == 201


async def test_over_tls_the_certificate_must_be_the_named_hosts(hook: Merchant, tmp_path: Path) -> None:
    own, trusting = certificate(tmp_path, "localhost")
    server = await asyncio.start_server(hook.serve, "127.0.0.1", 0, ssl=own)
    async with server:
        port = server.sockets[0].getsockname()[1]
        trusted, stranger = Outbound(private=True, trust=trusting), Outbound(private=True)

        answered = await trusted.post(f"https://localhost:{port}/check", b"{}", {})
        with pytest.raises(CallFailed):
            await trusted.post(f"https://127.0.0.1:{port}/check", b"{}", {})
        with pytest.raises(CallFailed):
            await stranger.post(f"https://localhost:{port}/check", b"{}", {})

    await trusted.close()
    await stranger.close()
    assert answered == (200, b'{"valid": true}')
    assert [head["host"] for head in hook.heads] == [f"localhost:{port}"]


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "::7f00:1"),
    ],
)
def test_addresses_of_the_own_network_are_told_apart(address: str) -> None:
    assert not is_public(address)
    assert is_public("8.8.8.8")
    assert is_public("2606:4700:4700::1111")
    assert is_public("::ffff:8.8.8.8")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "shop.example",
            "ftp://shop.example/",
            "http://shop.example/",
            "https://",
            "https:///check",
            "https://:443/",
        ),
        *("https://me:secret@shop.example/", "https://shop.example/#part", f"https://shop.example/{'x' * 500}"),
        *("https://shop.example:99999/", "https://exa mple/", "file:///etc/hosts", "https://\u0000/"),
    ],
)
async def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert Outbound().fault(url)
    with pytest.raises(CallFailed):
        await Outbound().post(url, b"{}", {})
