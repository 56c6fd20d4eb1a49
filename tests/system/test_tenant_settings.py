"""`patron tenant settings`: a tenant's rules shown, changed, and obeyed by the next request."""

import re

import asyncpg
import httpx
import pytest

from installations import KEY, Installation
from patron.app import create_app
from patron.kernel.db import Database
from patron.settings import Settings
from patron.tenants.policies import SAYS
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


async def test_a_site_may_differ_from_its_tenant_and_go_back(installation: Installation) -> None:
    said = installation.patron("tenant", "create", "Tea & Toast")
    tenant_id, site_id = re.findall(r"tenant (\d+) .* site (\d+)", said)[0]
    both = ("tenant", "settings", tenant_id, "--site", site_id)
    always = next(says for name, says in SAYS.items() if name == "second_factor.always")

    installation.patron("tenant", "settings", tenant_id, "--set", "second_factor.always=true")
    assert f"second_factor.always true {always} the tenant" in installation.patron(*both)
    said = installation.patron(*both, "--set", "second_factor.always=false", "--set", "email_code_sign_in=true")
    assert f"second_factor.always false {always} the site" in said
    assert "email_code_sign_in true " in said
    of_tenant = installation.patron("tenant", "settings", tenant_id)
    assert f"second_factor.always true {always} the tenant" in of_tenant
    assert "email_code_sign_in false " in of_tenant

    assert f"second_factor.always true {always} the tenant" in installation.patron(
        *both, "--reset", "second_factor.always"
    )
    installation.patron("tenant", "settings", tenant_id, "--reset", "second_factor.always")
    said = installation.patron(*both)
    assert f"second_factor.always false {always} –" in said
    assert "email_code_sign_in true " in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--set", "access_minutes=30"),
            "access_minutes is the tenant's, not a site's. A site may have: second_factor.",
        ),
        (("--reset", "password.length_min"), "password.length_min is the tenant's, not a site's."),
        (("--reset", "nothing"), "There is no setting nothing. There are: password.length_min,"),
        (("--set", "second_factor.always=perhaps"), "second_factor.always is true or false."),
        (("--set", "suppressed_mails=shopperSignInCode"), "There is no kind of mail shopperSignInCode. There are:"),
    ],
)
async def test_what_a_site_cannot_have_is_told(
    installation: Installation, arguments: tuple[str, ...], sentence: str
) -> None:
    said = installation.patron("tenant", "create", "Tea & Toast")
    tenant_id, site_id = re.findall(r"tenant (\d+) .* site (\d+)", said)[0]

    assert sentence in installation.patron("tenant", "settings", tenant_id, "--site", site_id, *arguments, status=1)
    assert "There is no site 9." in installation.patron("tenant", "settings", tenant_id, "--site", "9", status=1)


def test_an_unknown_tenant_is_told(installation: Installation) -> None:
    assert "There is no tenant 77." in installation.patron("tenant", "settings", "77", status=1)
