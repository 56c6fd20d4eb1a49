"""Mails go out over SMTP: once if all goes well, again rather than never if it does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
import pytest_asyncio
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from installations import KEY, Installation
from patron import outbox
from patron.app import create_app
from patron.kernel.clock import clock
from patron.kernel.db import Database
from patron.kernel.mail import Mail
from patron.kernel.secrets import Vault
from patron.settings import Settings
from shoppers import mails, sign_in
from shops import ACCOUNTS, PASSWORD, Shop, open_shop


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


@pytest_asyncio.fixture
async def office(installation: Installation) -> AsyncIterator[Office]:
    """A new installation with one shop."""
    settings = Settings(database_url=installation.url, secret_key=KEY)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        database = await Database.open(installation.url, size=4)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as http:
            yield Office(await open_shop(http, database), settings, database)
        await database.close()


async def test_a_mail_goes_out_once(office: Office) -> None:
    mailbox = Mailbox()
    await office.sign_up("Jo@Example.com")

    async with listening(mailbox) as address:
        assert await office.send(url=f"smtp://{address}") == 1
        assert await office.send(url=f"smtp://{address}") == 0
        assert await office.send(clock() + timedelta(days=1), url=f"smtp://{address}") == 0

    [(recipients, message)] = mailbox.got
    assert recipients == ["Jo@Example.com"]
    assert (message["From"], message["To"]) == ("Shop <shop@shop.test>", "Jo@Example.com")
    assert message["Subject"] == "Welcome to Main street"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@shop.test>")
    assert "https://shop.test" in message.get_content()
    sent = await office.newest()
    assert (sent.state, sent.attempts, sent.last_error) == ("sent", 1, None)


async def test_without_a_mail_server_mails_are_kept(office: Office) -> None:
    await office.sign_up("jo@example.com")

    assert await office.send() == 1
    assert await office.send(clock() + timedelta(days=1)) == 0

    kept = await office.newest()
    assert (kept.state, kept.sent_at, kept.last_error) == ("kept", None, "kept: no SMTP settings")


async def test_a_server_that_says_later_is_asked_again_with_growing_pauses(office: Office) -> None:
    mailbox = Mailbox(to_data=["451 Try later", "452 Full", "421 Busy"])
    await office.sign_up("jo@example.com")
    now, pauses = clock(), []

    async with listening(mailbox) as address:
        while (mail := await office.newest()).state == "waiting":
            assert mail.next_at is not None
            pauses.append(round((mail.next_at - now).total_seconds()))
            now = max(mail.next_at, now)
            assert await office.send(now, url=f"smtp://{address}") == 1

    assert pauses[1:] == [10, 20, 40]
    assert mailbox.recipients == ["jo@example.com"]
    assert (mail.state, mail.attempts) == ("sent", 4)


async def test_a_server_that_always_says_later_is_given_up(office: Office) -> None:
    mailbox = Mailbox(to_data=["451 Try later"] * 100)
    await office.sign_up("jo@example.com")
    began = now = clock()

    async with listening(mailbox) as address:
        while (mail := await office.newest()).next_at is not None:
            now = max(mail.next_at, now)
            await office.send(now, url=f"smtp://{address}")

    assert (mail.state, mail.attempts, mailbox.got) == ("kept", outbox.ATTEMPTS_MAX, [])
    assert mail.last_error is not None
    assert "451" in mail.last_error
    assert timedelta(days=2) < now - began < timedelta(days=3)


async def test_a_recipient_refused_for_good_is_given_up_and_holds_up_nobody(office: Office) -> None:
    mailbox = Mailbox(to_recipient={"gone@example.com": "550 No such user", "full@example.com": "452 Mailbox full"})
    await office.sign_up("gone@example.com", "jo@example.com", "full@example.com")

    async with listening(mailbox) as address:
        assert await office.send(url=f"smtp://{address}") == 3

    assert mailbox.recipients == ["jo@example.com"]
    states = {mail.recipient: mail.state for mail, _ in await mails(office.shop, office.settings)}
    assert states == {"gone@example.com": "kept", "jo@example.com": "sent", "full@example.com": "waiting"}


async def test_a_mail_refused_for_good_is_given_up(office: Office) -> None:
    mailbox = Mailbox(to_data=["554 Not this one"])
    await office.sign_up("jo@example.com")

    async with listening(mailbox) as address:
        await office.send(url=f"smtp://{address}")

    assert (await office.newest()).state == "kept"


async def test_a_server_that_does_not_answer_or_does_not_know_us_loses_no_mail(office: Office) -> None:
    def refuse(*_given: Any) -> AuthResult:
        return AuthResult(success=False, handled=False)

    mailbox = Mailbox()
    await office.sign_up("jo@example.com")

    assert await office.send(url="smtp://127.0.0.1:1") == 1
    assert (await office.newest()).state == "waiting"
    how = {"authenticator": refuse, "auth_require_tls": False}
    async with listening(mailbox, **how) as address:
        assert await office.send(clock() + timedelta(minutes=1), url=f"smtp://patron:wrong@{address}") == 1
    mail = await office.newest()
    assert (mail.state, mail.attempts) == ("waiting", 2)
    assert mail.last_error is not None
    assert "535" in mail.last_error
    assert "wrong" not in mail.last_error


async def test_a_mail_server_may_ask_for_a_password(office: Office) -> None:
    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"patron", b"p@ss:word"))

    mailbox = Mailbox()
    await office.sign_up("jo@example.com")

    how = {"authenticator": check, "auth_require_tls": False}
    async with listening(mailbox, **how) as address:
        await office.send(url=f"smtp://patron:p%40ss%3Aword@{address}")

    assert mailbox.recipients == ["jo@example.com"]


async def test_a_crash_between_sending_and_noting_it_sends_again(office: Office) -> None:
    """At least once: whoever gets it twice can tell by the Message-ID."""
    mailbox = Mailbox()
    await office.sign_up("jo@example.com")
    now = clock()

    async with listening(mailbox) as address:
        sending = asyncio.create_task(office.send(now, url=f"smtp://{address}"))
        mailbox.on_data = sending.cancel
        with suppress(asyncio.CancelledError):
            await sending
        mailbox.on_data = None
        assert (await office.newest()).state == "waiting"
        assert await office.send(now + outbox.LEASE - timedelta(seconds=1), url=f"smtp://{address}") == 0
        assert await office.send(now + outbox.LEASE, url=f"smtp://{address}") == 1

    assert mailbox.recipients == ["jo@example.com"] * 2
    assert len({message["Message-ID"] for _, message in mailbox.got}) == 1
    assert (await office.newest()).state == "sent"


async def test_workers_side_by_side_send_each_mail_once(office: Office) -> None:
    mailbox = Mailbox()
    emails = sorted(f"{n:02}@example.com" for n in range(25))
    await office.sign_up(*emails)

    async with listening(mailbox) as address:
        handled = await asyncio.gather(*(office.send(url=f"smtp://{address}") for _ in range(3)))

    assert sum(handled) == 25
    assert mailbox.recipients == emails
    assert len({message["Message-ID"] for _, message in mailbox.got}) == 25


async def test_a_mail_that_cannot_be_opened_holds_up_nobody(office: Office) -> None:
    mailbox = Mailbox()
    await office.sign_up("bad@example.com", "jo@example.com")
    await office.database.session().execute(
        "update mail set sealed_body = $2 where tenant_id = $1 and recipient = 'bad@example.com'",
        office.shop.tenant_id,
        b"x" * 40,
    )

    async with listening(mailbox) as address:
        assert await office.send(url=f"smtp://{address}") == 2

    assert mailbox.recipients == ["jo@example.com"]


async def test_names_in_any_script_arrive(office: Office) -> None:
    mailbox = Mailbox()
    await office.database.session().execute(
        "update site set name = E'Café\\nBcc: all@example.com' where tenant_id = $1", office.shop.tenant_id
    )
    office.shop.token = await office.shop.sign_in()
    await office.sign_up("jo@bücher.example")

    async with listening(mailbox) as address:
        await office.send(url=f"smtp://{address}")

    [(recipients, message)] = mailbox.got
    assert recipients == ["jo@xn--bcher-kva.example"]
    assert message["Subject"] == "Welcome to Café Bcc: all@example.com"
    assert message["Bcc"] is None
    assert (await sign_in(office.shop, "jo@BÜCHER.example")).status_code == 201
