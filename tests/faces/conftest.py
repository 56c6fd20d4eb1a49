"""Organizations for the tests of the second face, and of both together."""

from collections.abc import AsyncIterator

import pytest_asyncio

from organizations import Organization, open_organization
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, read_key
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from shops import Shop
from stage import TEST_KEY


@pytest_asyncio.fixture
async def organization(shop: Shop, database: Database) -> Organization:
    """A tenant with an integration and a sales channel."""
    return await open_organization(shop, database)


@pytest_asyncio.fixture
async def other_organization(other_shop: Shop, database: Database) -> Organization:
    """Another tenant, for tests of the wall between them."""
    return await open_organization(other_shop, database)


@pytest_asyncio.fixture
async def secrets(database: Database, settings: Settings) -> AsyncIterator[Secrets]:
    """Secrets of a worker."""
    vault, passwords = Vault(read_key(TEST_KEY, settings.home)), Passwords()
    yield Secrets(vault, Keyring(vault, settings.issuer), passwords, Revocations(database, lambda _: None))
    passwords.close()
