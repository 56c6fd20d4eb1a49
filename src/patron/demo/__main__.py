"""`python -m patron.demo`: a step of `patron serve`, with the database in DATABASE_URL."""

import asyncio
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from patron.demo import SHOP_FILE, shop
from patron.demo.progress import counting
from patron.files import write_private
from patron.kernel.clock import clock
from patron.kernel.context import Secrets
from patron.kernel.db import Database
from patron.kernel.errors import PatronError
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault
from patron.kernel.tokens import Keyring
from patron.settings import Settings

SAYS = {
    "made": f"  Made the demo shop with {shop.CUSTOMERS:,} customers",
    "kept": "  The demo shop is there, its credentials are unchanged",
    "completed": "  The demo shop is there, and can be reached through the second API now",
    "renewed": "  The demo shop's credentials did not fit this database any more: made new ones",
    "foreign": "  The database holds other tenants: no demo shop is made in it",
}


async def main(settings: Settings, console: Console) -> None:
    """Make the shop or find it, and leave its credentials in the home folder."""
    file = settings.home / SHOP_FILE
    database = await Database.open(settings.database_url, size=2)
    vault, passwords = Vault(settings.key), Passwords()
    secrets = Secrets(vault, Keyring(vault, settings.issuer), passwords, Revocations(database, lambda _: None))
    try:
        with counting(console, shop.CUSTOMERS) as done:
            found = await shop.ensure(database, secrets, _read(file), base_url=settings.url, now=clock(), done=done)
    finally:
        passwords.close()
        await database.close()
    if found.shop is None:
        file.unlink(missing_ok=True)  # it tells of another database
    elif found.how != "kept":
        write_private(file, msgspec.json.format(msgspec.json.encode(found.shop), indent=2).decode() + "\n")
    console.print(SAYS[found.how])


def _read(file: Path) -> shop.Shop | None:
    """What an earlier start left; None when it is not there or is not whole."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=shop.Shop)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


if __name__ == "__main__":
    screen = Console(highlight=False, soft_wrap=True)
    try:
        asyncio.run(main(Settings.from_env(), screen))
    except (PatronError, OSError, ValueError) as error:
        screen.print(f"  {error}")
        sys.exit(1)
