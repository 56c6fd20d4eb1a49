"""`patron tenant address-provider`: an operator has a service asked about a tenant's addresses."""

import re

import asyncpg
import pytest

from installations import Installation

SECRET = "key-of-the-service-7"


async def settings_of(installation: Installation, tenant_id: str) -> str:
    """What is stored, as text."""
    conn = await asyncpg.connect(installation.url)
    try:
        return str(await conn.fetchval("select settings::text from tenant where id = $1", int(tenant_id)))
    finally:
        await conn.close()


@pytest.fixture
def tenant_id(installation: Installation) -> str:
    """A new tenant's id."""
    said = installation.patron("tenant", "create", "Tea & Toast")
    return re.findall(r"Made the live tenant (\d+)", said)[0]


async def test_a_service_is_set_with_its_key_sealed_beside_the_settings_and_ended(
    installation: Installation, tenant_id: str
) -> None:
    of_tenant = ("--tenant", tenant_id)
    installation.patron("tenant", "settings", tenant_id, "--set", "addresses.strict=true")

    said = installation.patron("tenant", "address-provider", "google", *of_tenant, typed=f"{SECRET}\n")

    assert "asks https://addressvalidation.googleapis.com/v1:validateAddress about addresses" in said
    stored = await settings_of(installation, tenant_id)
    assert '"name": "google"' in stored
    assert SECRET not in stored + said
    shown = installation.patron("tenant", "settings", tenant_id, "--set", "addresses.strict=false")
    assert "addresses.strict false" in shown
    assert '"name": "google"' in await settings_of(installation, tenant_id)

    assert "asks nobody about addresses" in installation.patron("tenant", "address-provider", "off", *of_tenant)
    assert '"provider": null' in await settings_of(installation, tenant_id)


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (("google",), "", "The service's key is needed on standard input: 1 to 500 characters."),
        (("google",), "x" * 501, "The service's key is needed"),
        (("google",), "clé", "The service's key is needed"),
        (("google", "--url", "http://example.com/"), SECRET, "The address must be https."),
        (("google", "--url", "nowhere"), SECRET, "The address is a URL with a host"),
        (("usps",), SECRET, "'usps' is not one of 'google', 'off'"),
        (("off", "--tenant", "77"), "", "There is no tenant 77."),
    ],
)
def test_what_cannot_be_is_told(
    installation: Installation, tenant_id: str, arguments: tuple[str, ...], typed: str, sentence: str
) -> None:
    of_tenant = () if "--tenant" in arguments else ("--tenant", tenant_id)
    status = 2 if "usps" in arguments else 1

    assert sentence in installation.patron(
        "tenant", "address-provider", *arguments, *of_tenant, typed=typed, status=status
    )
