"""`patron tenant settings`: a tenant's rules shown, changed, and obeyed by the next request."""

import re

import asyncpg
import httpx
import pytest

from installations import KEY, Installation
from patron.app import create_app
from patron.kernel.db import Database
from patron.settings import Settings
from shops import ACCOUNTS, open_shop


async def settings_of(installation: Installation, tenant_id: int) -> object:
    """What is stored."""
    conn = await asyncpg.connect(installation.url)
    try:
        return await conn.fetchval("select settings::text from tenant where id = $1", tenant_id)
    finally:
        await conn.close()


async def made(installation: Installation) -> int:
    """A new tenant's id."""
    said = installation.patron("tenant", "create", "Tea & Toast")
    return int(re.findall(r"Made the live tenant (\d+)", said)[0])


async def test_what_is_set_is_shown_and_kept_beside_what_was_set_before(installation: Installation) -> None:
    tenant_id = str(await made(installation))
    assert "password.length_min 6 " in installation.patron("tenant", "settings", tenant_id)

    installation.patron(
        "tenant", "settings", tenant_id, "--set", "password.length_min=10", "--set", "password.needs_digit=false"
    )
    said = installation.patron(
        "tenant", "settings", tenant_id, "--set", "password.needs_letter = no", "--set", "refresh_minutes=60", status=1
    )
    assert "password.needs_letter is true or false." in said
    said = installation.patron(
        "tenant", "settings", tenant_id, "--set", "suppressed_mails=shopperLoginCreated, shopperEmailUpdated"
    )

    assert "password.length_min 10 " in said
    assert "password.needs_digit false " in said
    assert "refresh_minutes 1440 " in said
    assert "suppressed_mails shopperLoginCreated,shopperEmailUpdated " in said
    assert "suppressed_mails Kinds" in installation.patron(
        "tenant", "settings", tenant_id, "--set", "suppressed_mails="
    )


async def test_the_next_request_obeys(installation: Installation) -> None:
    app = create_app(Settings(database_url=installation.url, secret_key=KEY))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://x.test") as http,
    ):
        database = await Database.open(installation.url, size=2)
        shop = await open_shop(http, database)
        await shop.shopper("seven77")
        installation.patron("tenant", "settings", str(shop.tenant_id), "--set", "password.length_min=8")
        body = {"account": {"emailAddress": "jo@example.com"}, "password": "seven77"}
        refused = await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body)
        await database.close()

    assert refused.status_code == 400
    assert "8 to 128 characters" in refused.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("password.length_min", "--set takes NAME=VALUE"),
        ("password.length_min=", "password.length_min is a whole number."),
        ("password.length_min=eight", "password.length_min is a whole number."),
        ("password.length_min=0", "password.length_min is between 1 and 64."),
        ("password.length_max=63", "password.length_max is between 64 and 1000."),
        ("access_minutes_max=1441", "access_minutes_max is between 1 and 1440."),
        ("refresh_minutes=99999999999999999999", "refresh_minutes is "),
        ("password.needs_letter=2", "password.needs_letter is true or false."),
        ("suppressed_mails=all", "There is no kind of mail all. There are: shopperLoginCreated,"),
        ("password_hook=x", "There is no setting password_hook. There are: password.length_min,"),
        ("password=x", "There is no setting password."),
    ],
)
async def test_what_cannot_be_set_is_told_and_nothing_is_stored(
    installation: Installation, change: str, sentence: str
) -> None:
    tenant_id = await made(installation)
    changes = ("--set", "access_minutes=30", "--set", change)

    assert sentence in installation.patron("tenant", "settings", str(tenant_id), *changes, status=1)

    assert await settings_of(installation, tenant_id) == "{}"


def test_an_unknown_tenant_is_told(installation: Installation) -> None:
    assert "There is no tenant 77." in installation.patron("tenant", "settings", "77", status=1)
