"""`patron`, the operator's commands, on a database of their own."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from installations import KEY, Installation
from patron import postgres
from patron.app import create_app
from patron.kernel import mail
from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, read_key
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from shops import ACCOUNTS, TICKETS

VAULT = Vault(read_key(KEY, Path()))


def made(said: str, pattern: str) -> str:
    """The part of an answer that a pattern catches."""
    found = re.search(pattern, said)
    assert found, said
    return found[1]


@pytest.fixture
def top() -> Iterator[Path]:
    """A folder that PostgreSQL's user can pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="patron-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tenant_id(installation: Installation) -> int:
    """A test tenant, made with the command."""
    said = installation.patron(
        "tenant", "create", "Tea & Toast", "--mode", "test", "--country", "gb", "--currency", "gbp"
    )
    return int(made(said, r"Made the test tenant (\d+) \(tea-toast\) with the site \d+"))


async def agent_of(http: httpx.AsyncClient, headers: dict[str, str]) -> dict[str, str]:
    """The headers of somebody who acts for a new anonymous shopper."""
    nobody = await http.get(f"{TICKETS}/anonymousshopper", headers=headers)
    body = {"cartId": "cart-1", "userId": nobody.json()["userId"]}
    ticket = await http.post(f"{TICKETS}/impersonatecart", json=body, headers=headers)
    assert ticket.status_code == 201, ticket.text
    return {"Authorization": f"Bearer {ticket.json()['accessToken']}"}


async def test_a_tenant_and_an_application_can_call_the_api_until_it_is_disabled(
    installation: Installation, tenant_id: int
) -> None:
    behaviors = ("customer:read", "customer-auth:impersonate")
    named = [part for behavior in behaviors for part in ("--behavior", behavior)]
    said = installation.patron("application", "create", "Store front", *named)
    client_id, secret = made(said, r"Client id: (\S+)"), made(said, r"Secret: (\S+)")
    assert re.search(
        rf"{tenant_id} Tea & Toast tea-toast test 0 \d+ Tea & Toast \(GB, GBP\)", installation.patron("tenant", "list")
    )
    listed = installation.patron("application", "list")
    assert f"{client_id} Store front backend yes – customer:read customer-auth:impersonate" in listed
    assert secret not in listed

    settings = Settings(database_url=installation.url, secret_key=KEY, home=Path("/nonexistent"))
    app = create_app(settings)
    credentials = {"client_id": client_id, "client_secret": secret, "grant_type": "client_credentials"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http,
    ):
        signed_in = await http.post("/api/platform/applications/authtickets/oauth", json=credentials)
        assert signed_in.status_code == 200, signed_in.text
        headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        assert (await http.get(ACCOUNTS, headers=headers)).status_code == 200
        agent = await agent_of(http, headers)
        assert (await http.get(f"{ACCOUNTS}/current", headers=agent)).status_code == 404  # an anonymous shopper

        said = await asyncio.to_thread(installation.patron, "application", "disable", client_id)
        assert "is switched off" in said

        assert (await http.get(ACCOUNTS, headers=headers)).status_code == 401
        assert (await http.get(f"{ACCOUNTS}/current", headers=agent)).status_code == 401
        refused = await http.post("/api/platform/applications/authtickets/oauth", json=credentials)
        assert refused.status_code == 401
    assert f"{client_id} Store front backend no" in installation.patron("application", "list")


async def test_programs_of_the_second_dialect_get_tokens(installation: Installation, tenant_id: int) -> None:
    site = made(installation.patron("site", "list"), r"(\d+) Tea & Toast – default GB")
    assert "market:code:uk from now on" in installation.patron("site", "code", site, "uk")
    assert f"{site} Tea & Toast uk default GB GBP" in installation.patron("site", "list", "--tenant", str(tenant_id))
    back_end = installation.patron("application", "create", "Back end", "--kind", "integration")
    shop = ("--kind", "sales_channel", "--takes-passwords", "--access-seconds", "9000")
    channel = installation.patron("application", "create", "Shop", *shop)
    kept = installation.patron("application", "create", "Shop server", "--kind", "sales_channel", "--with-secret")
    assert "Organization: tea-toast, domain: patron.localhost" in back_end
    assert "It has no secret" in channel
    assert "Secret:" in kept

    app = create_app(Settings(database_url=installation.url, secret_key=KEY, home=Path("/nonexistent")))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http,
    ):
        integration = {
            "client_id": made(back_end, r"Client id: (\S+)"),
            "client_secret": made(back_end, r"Secret: (\S+)"),
        }
        guest = {"client_id": made(channel, r"Client id: (\S+)"), "scope": "market:code:uk"}
        for body, seconds in ((integration, 7_200), (guest, 9_000)):
            answer = await http.post("/oauth/token", json={"grant_type": "client_credentials", **body})
            assert answer.status_code == 200, answer.text
            assert answer.json()["expires_in"] == seconds

        await asyncio.to_thread(installation.patron, "application", "disable", integration["client_id"])
        refused = await http.post("/oauth/token", json={"grant_type": "client_credentials", **integration})
        assert refused.status_code == 401


async def test_users_are_made_and_allow_web_apps(installation: Installation, tenant_id: int) -> None:
    uri = "https://app.example/in"
    said = installation.patron("application", "create", "Office", "--kind", "webapp", "--redirect-uri", uri)
    client_id = made(said, r"Client id: (\S+)")
    named = ("--first-name", "Kim", "--last-name", "Lee", "--time-zone", "Europe/Rome")
    password = made(installation.patron("user", "create", "kim@example.com", *named), r"Password: (\S+)")
    assert re.search(r"kim@example.com Kim Lee yes Europe/Rome", installation.patron("user", "list"))
    assert password not in installation.patron("user", "list", "--tenant", str(tenant_id))

    app = create_app(Settings(database_url=installation.url, secret_key=KEY, home=Path("/nonexistent")))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http,
    ):

        async def allowed(password: str, redirect_uri: str = uri) -> int:
            asked = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code"}
            typed = {"email": "kim@example.com", "password": password, "decision": "allow"}
            return (await http.post("/oauth/authorize", data=asked | typed)).status_code

        assert await allowed(password) == 303
        other = ("user", "password", "Kim@Example.com", "--ask")
        await asyncio.to_thread(installation.patron, *other, typed="Teapot-42-words\nTeapot-42-words\n")
        assert (await allowed(password), await allowed("Teapot-42-words")) == (422, 303)
        await asyncio.to_thread(installation.patron, "user", "disable", "kim@example.com")
        assert await allowed("Teapot-42-words") == 422
        again = await asyncio.to_thread(installation.patron, "user", "password", "kim@example.com")
        assert await allowed(made(again, r"Password: (\S+)")) == 303
        await asyncio.to_thread(installation.patron, "application", "redirect", client_id, "http://localhost:3000/in")
        assert await allowed(made(again, r"Password: (\S+)")) == 400
        assert await allowed(made(again, r"Password: (\S+)"), "http://localhost:3000/in") == 303


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tenant", "create", "Tea & Toast"), "Another tenant already has this slug."),
        (("tenant", "create", "  "), "A tenant needs a name"),
        (("tenant", "create", "X", "--slug", "_"), "A tenant needs a name"),
        (("tenant", "create", "X", "--slug", "patron-demo"), "The slug patron-demo is the demo shop's."),
        (("tenant", "create", "X", "--country", "XX"), "XX is not a country code"),
        (("tenant", "create", "X", "--currency", "EURO"), "a currency is three letters"),
        (("tenant", "create", "X", "--locale", "english please"), "A locale is a language and a region"),
        (("application", "create", "App"), "An application needs behaviors."),
        (("application", "create", "App", "--behavior", "all"), "There is no behavior all."),
        (("application", "create", " ", "--all-behaviors"), "An application needs a name."),
        (("application", "create", "App", "--all-behaviors", "--site", "9"), "There is no site with this id."),
        (("application", "create", "App", "--all-behaviors", "--tenant", "9"), "There is no tenant 9."),
        (("application", "create", "App", "--all-behaviors", "--with-secret"), "need another --kind than backend."),
        (("application", "create", "App", "--kind", "webapp", "--all-behaviors"), "are for the kind backend"),
        (
            ("application", "create", "App", "--kind", "webapp", "--takes-passwords"),
            "Only sales channels take passwords.",
        ),
        (
            ("application", "create", "App", "--kind", "webapp", "--access-seconds", "60"),
            "live 7200 to 31536000 seconds.",
        ),
        (("application", "create", " ", "--kind", "webapp"), "An application needs a name."),
        (
            ("application", "create", "App", "--kind", "integration", "--redirect-uri", "https://a.example/"),
            "web apps only",
        ),
        (("application", "create", "App", "--kind", "integration", "--without-secret"), "always has a secret"),
        (("application", "create", "App", "--all-behaviors", "--without-secret"), "need another --kind than backend."),
        (("application", "create", "App", "--kind", "webapp", "--redirect-uri", "http://a.example/"), "over https"),
        (("application", "redirect", "nobody", "https://a.example/"), "There is no application nobody"),
        (("user", "create", "nobody"), "this is not an e-mail address"),
        (("user", "create", "a@example.com", "--first-name", "x" * 101), "A name has at most 100 characters"),
        (("user", "create", "a@example.com", "--time-zone", "Mars/Olympus"), "There is no time zone Mars/Olympus."),
        (("user", "create", "a@example.com", "--time-zone", "../../etc/passwd"), "There is no time zone"),
        (("user", "create", "a@example.com", "--tenant", "9"), "There is no tenant 9."),
        (("user", "disable", "a@example.com"), "There is no user a@example.com."),
        (("user", "password", "a@example.com"), "There is no user a@example.com."),
        (("site", "code", "1", "two words"), "A code is 1 to 100 letters"),
        (("site", "code", "9999999", "us"), "There is no site 9999999."),
        (("application", "disable", "nobody"), "There is no application nobody."),
        (("mail", "show", "77"), "There is no mail 77."),
        (("tenant", "password-hook"), "Give the address of the hook, or --off."),
        (("tenant", "password-hook", "https://shop.example/", "--off"), "Give the address of the hook, or --off."),
        (("tenant", "password-hook", "http://shop.example/"), "The address must be https."),
        (("tenant", "password-hook", "https://shop.example/", "--tenant", "9"), "There is no tenant 9."),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    installation: Installation, tenant_id: int, arguments: tuple[str, ...], sentence: str
) -> None:
    assert tenant_id
    assert sentence in installation.patron(*arguments, status=1)


def test_the_tenant_must_be_named_when_there_are_several(installation: Installation, tenant_id: int) -> None:
    other = int(made(installation.patron("tenant", "create", "Other"), r"Made the live tenant (\d+)"))
    said = installation.patron("mail", "list", status=1)
    assert f"There are several tenants: {tenant_id} (Tea & Toast), {other} (Other)" in said
    assert "There are no mails." in installation.patron("mail", "list", "--tenant", str(other))


def test_without_a_tenant_it_says_how_to_make_one(installation: Installation) -> None:
    assert "patron tenant create NAME" in installation.patron("mail", "list", status=1)


async def test_a_password_hook_is_set_with_a_new_key_and_ended(installation: Installation, tenant_id: int) -> None:
    said = installation.patron("tenant", "password-hook", "http://10.0.0.7/check", PATRON_PRIVATE_HOOKS="1")
    key = made(said, r"(whsec_[A-Za-z0-9+/]{43}=)")
    again = installation.patron("tenant", "password-hook", "https://shop.example/check")

    database = await Database.open(installation.url, size=1)
    settings = await database.session().value("select settings from tenant where id = $1", tenant_id)
    assert settings["password_hook"]["url"] == "https://shop.example/check"
    assert key.removeprefix("whsec_") not in again + str(settings)

    assert "has no password hook any more" in installation.patron("tenant", "password-hook", "--off")
    settings = await database.session().value("select settings from tenant where id = $1", tenant_id)
    assert settings["password_hook"] is None
    await database.close()


async def test_kept_mails_can_be_read(installation: Installation, tenant_id: int) -> None:
    database = await Database.open(installation.url, size=1)
    passwords = Passwords()
    passwords.close()
    secrets = Secrets(VAULT, Keyring(VAULT, "patron"), passwords, Revocations(database, lambda _subject: None))
    ctx = Ctx(tenant_id, SYSTEM, frozenset(), clock(), "test", database.session(), secrets)
    await mail.queue(ctx, "shopperPasswordReset", "jo@example.com", "Set a new password", "Here:\nhttps://x.test/?t=1")
    await database.close()

    listed = installation.patron("mail", "list")
    mail_id = made(listed, r"(\d+) \S+ \S+ UTC waiting shopperPasswordReset jo@example.com Set a new password")
    shown = installation.patron("mail", "show", mail_id)
    assert "To: jo@example.com" in shown
    assert "Here:\nhttps://x.test/?t=1" in shown
    assert "another secret key" in installation.patron(
        "mail", "show", mail_id, status=1, PATRON_SECRET_KEY="C" * 42 + "A"
    )
    assert "There is no secret key" in installation.patron("mail", "show", mail_id, status=1, PATRON_SECRET_KEY="")


async def test_keys_rotate_and_older_ones_end(installation: Installation) -> None:
    assert "Made the keys" in installation.patron("keys", "rotate", "--lead", "0")
    first = made(installation.patron("keys", "list"), r"(\S+) Ed25519 signs \S+ \S+ UTC –")
    installation.patron("keys", "rotate", "--lead", "60", "--overlap", "72")
    installation.patron("keys", "rotate", "--lead", "30", "--overlap", "24")
    listed = installation.patron("keys", "list")
    assert listed.count("will sign") == 4  # two, of two algorithms
    assert f"{first} Ed25519 signs" in listed
    conn = await asyncpg.connect(installation.url)
    ends = await conn.fetch("select retires_at - created_at as life from signing_key where retires_at is not null")
    await conn.close()
    assert len(ends) == 4
    assert all(row["life"] < timedelta(hours=25) for row in ends)


def test_doctor_finds_what_is_wrong(installation: Installation) -> None:
    said = installation.patron("doctor", status=1)
    assert "✓ The database answers: PostgreSQL 1" in said
    assert "✓ The schema is up to date" in said
    assert "✗ No background worker has ever run here" in said
    installation.patron("keys", "rotate", "--lead", "0")
    said = installation.patron("doctor", status=1, PATRON_SECRET_KEY="C" * 42 + "A")
    assert "✗ The secret key is not the one that this database was sealed with" in said


async def test_doctor_is_content_with_a_running_installation(installation: Installation) -> None:
    installation.patron("keys", "rotate", "--lead", "0")
    conn = await asyncpg.connect(installation.url)
    await conn.execute("insert into heartbeat (name, seen_at) values ('worker', now())")
    await conn.close()
    said = installation.patron("doctor", PATRON_SMTP_URL="smtp://127.0.0.1:2525")
    assert said.count("✓") == 5


async def test_a_database_without_schema_is_told_and_migrated(installation: Installation) -> None:
    conn = await asyncpg.connect(installation.url)
    await conn.execute("drop schema public cascade")
    await conn.execute("create schema public")
    await conn.close()
    assert "patron migrate" in installation.patron("tenant", "list", status=1)
    assert "✗ The schema is at nothing" in installation.patron("doctor", status=1)
    assert "The schema is at revision" in installation.patron("migrate")
    assert "The schema is at revision" in installation.patron("migrate")
    assert "id name slug" in installation.patron("tenant", "list")


def test_seed_adds_customers_once(installation: Installation, tenant_id: int) -> None:
    said = installation.patron("seed", "--customers", "40")
    assert f"Added 40 customers to Tea & Toast ({tenant_id})" in said
    assert re.search(r"share the password \w{5}-\w{5}-\w{5}", said)
    assert "has the first 40 customers of seed 2 already" in installation.patron("seed", "--customers", "40")
    assert "Added 20 customers" in installation.patron("seed", "--customers", "60")
    assert f"{tenant_id} Tea & Toast tea-toast test 60" in installation.patron("tenant", "list")


def test_seed_spares_a_live_tenant(installation: Installation) -> None:
    installation.patron("tenant", "create", "Real shop")
    assert "is a live tenant" in installation.patron("seed", status=1)
    assert "Added 10 customers" in installation.patron("seed", "--customers", "10", "--into-live")


def test_without_a_database_it_says_where_one_was_looked_for(installation: Installation) -> None:
    said = installation.patron("tenant", "list", status=1, DATABASE_URL="")
    assert f"no Patron runs on the folder {installation.home}" in said
    said = installation.patron("migrate", status=1, DATABASE_URL="")
    assert f"no Patron runs on the folder {installation.home}" in said


def test_commands_reach_the_embedded_database_while_it_runs(installation: Installation, top: Path) -> None:
    running = postgres.start(top / "home", settings={"fsync": "off"})
    here = {"DATABASE_URL": "", "PATRON_HOME": str(top / "home")}
    try:
        assert "The schema is at revision" in installation.patron("migrate", **here)
        assert "Made the live tenant 1001 (kiosk)" in installation.patron("tenant", "create", "Kiosk", **here)
        assert f"the embedded one, {running.url}." in installation.patron("doctor", status=1, **here)
    finally:
        running.stop()
    assert "no Patron runs on the folder" in installation.patron("tenant", "list", status=1, **here)


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "nonsense"])
@pytest.mark.parametrize("command", [("tenant", "list"), ("migrate",), ("doctor",)])
def test_a_database_that_cannot_be_reached_is_told(
    installation: Installation, url: str, command: tuple[str, ...]
) -> None:
    assert "The database cannot be reached" in installation.patron(*command, status=1, DATABASE_URL=url)


def test_a_setting_that_cannot_be_read_is_named(installation: Installation) -> None:
    assert "PORT cannot be read: 'many'" in installation.patron("tenant", "list", status=1, PORT="many")


def test_every_command_explains_itself(installation: Installation) -> None:
    said = installation.patron("--help")
    for command in ("serve", "migrate", "doctor", "seed", "tenant", "site", "application", "keys", "mail"):
        assert re.search(rf"^ {command} \w+", said, re.MULTILINE), command
        assert "Usage:" in installation.patron(command, "--help")


def test_the_commands_are_installed_as_patron(installation: Installation) -> None:
    found = installation.run("patron.cli", "tenant", "list")
    assert "id" in found.stdout
    refused = installation.run("patron.cli", "tenant", "list", status=1, DATABASE_URL="nonsense")
    assert refused.stdout == ""
    assert "The database cannot be reached" in refused.stderr
    assert "PORT cannot be read: 'many'" in installation.run("patron.cli", "serve", status=1, PORT="many").stdout
