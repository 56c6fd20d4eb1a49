"""Organizations for the tests of the second face, and of both together."""

import pytest_asyncio

from organizations import Organization, open_organization
from patron.kernel.db import Database
from shops import Shop


@pytest_asyncio.fixture
async def organization(shop: Shop, database: Database) -> Organization:
    """A tenant with an integration and a sales channel."""
    return await open_organization(shop, database)


@pytest_asyncio.fixture
async def other_organization(other_shop: Shop, database: Database) -> Organization:
    """Another tenant, for tests of the wall between them."""
    return await open_organization(other_shop, database)
