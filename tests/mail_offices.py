"""A real mail server that keeps what it gets, and a shop whose mails are sent to it as the worker does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from patron import outbox
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.mail import Mail
from patron.kernel.secrets import Vault
from patron.settings import Settings
from shoppers import mails
from shops import ACCOUNTS, PASSWORD, Shop


@dataclass
class Mailbox:
    """What a mail server got, and how it answers."""

    got: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    to_recipient: dict[str, str] = field(default_factory=dict)
    to_data: list[str] = field(default_factory=list)
    on_data: Any = None

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refusal = self.to_recipient.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.to_data.pop(0) if self.to_data else "250 OK"
        if answer.startswith("2"):
            message = message_from_bytes(envelope.original_content or b"", policy=default)
            self.got.append((envelope.rcpt_tos, message))
        if self.on_data is not None:
            self.on_data()
        return answer

    @property
    def recipients(self) -> list[str]:
        return sorted(address for addresses, _ in self.got for address in addresses)


@asynccontextmanager
async def listening(mailbox: Mailbox, **how: Any) -> AsyncIterator[str]:
    """A mail server; answers its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop, **how), "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@dataclass
class Office:
    """A shop with a database of its own, and the worker's way to send its mails."""

    shop: Shop
    settings: Settings
    database: Database

    async def send(self, now: datetime | None = None, *, url: str = "") -> int:
        settings = replace(self.settings, smtp_url=url, mail_from="Shop <shop@shop.test>")
        return await outbox.send_due(self.database.session(), Vault(settings.key), settings, now or clock())

    async def newest(self) -> Mail:
        return (await mails(self.shop, self.settings))[0][0]

    async def sign_up(self, *emails: str) -> None:
        """One mail to each of these addresses."""
        rows = [{"account": {"emailAddress": email}, "password": PASSWORD} for email in emails]
        answer = await self.shop.post(f"{ACCOUNTS}/Bulk", rows)
        assert answer.status_code == 201, answer.text


def part(message: EmailMessage, kind: str) -> str:
    """The text (`plain`) or the HTML of a mail."""
    found = message.get_body((kind,))
    assert found is not None, message
    return str(found.get_content())
