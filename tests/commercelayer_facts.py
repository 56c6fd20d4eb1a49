"""What the walk with the Commerce Layer clients finds in its shop, that no call could make there."""

import socket
from datetime import timedelta

from organizations import Organization
from patron.jsonapi import tokens
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring
from patron.settings import Settings
from patron.tenants import actions as tenants
from patron.tenants import grants, programs
from shops import ACCOUNTS
from stage import TEST_KEY

DOMAIN = Settings().domain


def _secrets(database: Database) -> Secrets:
    vault = Vault(Settings(secret_key=TEST_KEY).key)
    return Secrets(vault, Keyring(vault, DOMAIN), Passwords(), Revocations(database, lambda _: None))


async def expired(organization: Organization, database: Database) -> str:
    """A token of the integration that was good until yesterday."""
    db, secrets = database.session(), _secrets(database)
    program = await programs.by_client_id(db, organization.integration)
    assert program is not None
    asked = grants.Asked(
        tenant_id=program.tenant_id, application_id=program.id, scope="", market_ids=None, is_confidential=True,
        life=timedelta(hours=2),
    )  # fmt: skip
    grant, _ = await grants.issue(db, asked, clock() - timedelta(days=1), refreshable=False)
    return await secrets.keyring.sign(db, tokens.claims(program, grant, DOMAIN), clock(), "RS512")


async def moved(organization: Organization, database: Database) -> dict[str, object]:
    """Customers whose passwords only the old shop knows, and the port at which the walk answers for that."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shop, db, secrets = organization.shop, database.session(), _secrets(database)
    async with db.transaction():
        key = await tenants.set_password_hook(
            db, secrets.vault, secrets.revocations, shop.tenant_id, f"http://127.0.0.1:{port}/"
        )
    emails = ["moved@example.com", "late@example.com"]
    for email in emails:
        body = {"account": {"emailAddress": email}, "isImport": True, "externalPassword": "commercelayer"}
        answer = await shop.post(f"{ACCOUNTS}/Add-Account-And-Login", body)
        assert answer.status_code == 201, answer.text
    return {"emails": emails, "port": port, "key": key}
