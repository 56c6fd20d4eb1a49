"""Mails go out over SMTP: once if all goes well, again rather than never if it does not."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from mail_offices import Mailbox, Office, listening, part
from patron import outbox
from patron.kernel.clock import clock
from shoppers import mails, sign_in


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
    assert message.get_content_type() == "multipart/alternative"
    assert "You can sign in at https://shop.test." in part(message, "plain")
    assert '<a href="https://shop.test" style=' in part(message, "html")
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
