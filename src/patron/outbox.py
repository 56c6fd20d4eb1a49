"""Sends queued mails over SMTP; without SMTP settings they are kept, for `patron mail show`.

A mail is claimed for five minutes, sent, and then marked: a crash in between sends it again rather than never, with
the same Message-ID. A server that says "later" is asked again with growing pauses, and so is one that refuses us (our
password, our sender); one that refuses the recipient or the mail for good is believed.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec
import structlog

from patron.kernel.db import Row, Session
from patron.kernel.mail import BODY_PURPOSE, Body
from patron.kernel.secrets import Vault
from patron.settings import Settings

LEASE = timedelta(minutes=5)
ATTEMPTS_MAX = 20
PAUSE_FIRST = timedelta(seconds=10)
PAUSE_MAX = timedelta(hours=6)
SENT_AT_ONCE = 10
SMTP_SECONDS_MAX = 60

log = structlog.get_logger()


async def send_due(db: Session, vault: Vault, settings: Settings, now: datetime) -> int:
    """Send, or keep, what is due. Answers how many mails were handled."""
    handled = 0
    tenants = await db.fetch("select distinct tenant_id from mail where next_at <= $1", now)
    for tenant in tenants:
        while claimed := await _claim(db, tenant["tenant_id"], now):
            await asyncio.gather(*(_handle(db, vault, settings, mail, now) for mail in claimed))
            handled += len(claimed)
    return handled


async def _claim(db: Session, tenant_id: int, now: datetime) -> list[Row]:
    return await db.fetch(
        """
        update mail set next_at = $2 + $3::interval, attempts = attempts + 1
        where tenant_id = $1 and id = any(array(
            select id from mail where tenant_id = $1 and next_at <= $2
            order by next_at limit $4 for update skip locked))
        returning tenant_id, id, kind, recipient, subject, sealed_body, created_at, attempts
        """,
        tenant_id,
        now,
        LEASE,
        SENT_AT_ONCE,
    )


async def _handle(db: Session, vault: Vault, settings: Settings, mail: Row, now: datetime) -> None:
    if not settings.smtp_url:
        await _mark(db, mail, sent_at=None, next_at=None, error="kept: no SMTP settings")
        return
    try:
        async with asyncio.timeout(SMTP_SECONDS_MAX):
            await _send(settings, _message(vault, settings, mail, now))
    except Exception as error:  # whatever is wrong with one mail, the others go out
        is_final = _is_final(error) or mail["attempts"] >= ATTEMPTS_MAX
        pause = min(PAUSE_FIRST * 2 ** (mail["attempts"] - 1), PAUSE_MAX)
        reason = type(error).__name__
        log.warning("mail not sent", mail=mail["id"], kind=mail["kind"], final=is_final, reason=reason)
        await _mark(db, mail, sent_at=None, next_at=None if is_final else now + pause, error=f"{reason}: {error}"[:500])
    else:
        await _mark(db, mail, sent_at=now, next_at=None, error=None)


def _is_final(error: Exception) -> bool:
    """Whether the server said never to this mail, as opposed to later (RFC 5321 4.2.1), or to us."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in error.recipients)
    return isinstance(error, aiosmtplib.SMTPDataError) and error.code >= 500


async def _mark(
    db: Session, mail: Row, *, sent_at: datetime | None, next_at: datetime | None, error: str | None
) -> None:
    await db.execute(
        "update mail set sent_at = $3, next_at = $4, last_error = $5 where tenant_id = $1 and id = $2",
        mail["tenant_id"],
        mail["id"],
        sent_at,
        next_at,
        error,
    )


def _message(vault: Vault, settings: Settings, mail: Row, now: datetime) -> EmailMessage:
    body = msgspec.json.decode(vault.open(mail["sealed_body"], BODY_PURPOSE), type=Body)
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = _deliverable(mail["recipient"])
    message["Subject"] = " ".join(mail["subject"].split())
    message["Date"] = format_datetime(now)
    sender_domain = parseaddr(settings.mail_from)[1].rpartition("@")[2]
    message["Message-ID"] = f"<{mail['tenant_id']}.{mail['id']}.{mail['created_at'].timestamp()}@{sender_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.text)
    if body.html is not None:
        message.add_alternative(body.html, subtype="html")
    return message


def _deliverable(address: str) -> str:
    """The address with its domain as DNS knows it (IDNA)."""
    local, _, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"


async def _send(settings: Settings, message: EmailMessage) -> None:
    url = urlsplit(settings.smtp_url)
    await aiosmtplib.send(
        message,
        hostname=url.hostname,
        port=url.port or (465 if url.scheme == "smtps" else 25),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=url.scheme == "smtps",
        timeout=SMTP_SECONDS_MAX / 2,
    )
