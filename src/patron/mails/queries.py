"""Reads of templates: those that a mail may be written with, and those that a shop has of its own."""

import msgspec

from patron.kernel.db import Session
from patron.mails.model import Kind, Template


class Choice(msgspec.Struct, frozen=True):
    """What a site has to say about a kind of mail: nothing at all, or with templates of its own, by locale."""

    is_suppressed: bool
    own: dict[str, Template]


async def choice(db: Session, tenant_id: int, site_id: int, kind: Kind, locales: list[str]) -> Choice:
    """Whether a mail is to be written, and the site's own templates in these locales: one statement."""
    row = await db.row(
        """
        select coalesce(t.settings -> 'suppressed_mails' ? $3, false) as is_suppressed,
            (select jsonb_object_agg(m.locale, jsonb_build_object(
                'subject', m.subject, 'text', m.text, 'html', m.html))
             from mail_template m
             where m.tenant_id = $1 and m.site_id = $2 and m.kind = $3 and m.locale = any($4::text[])) as own
        from tenant t where t.id = $1
        """,
        tenant_id,
        site_id,
        kind.name,
        locales,
    )
    assert row is not None
    own = msgspec.convert(row["own"] or {}, dict[str, Template])
    return Choice(row["is_suppressed"] and kind.suppressible, own)


async def own(db: Session, tenant_id: int, site_id: int, kind: Kind) -> dict[str, Template]:
    """All templates that a site has of its own for a kind of mail, by locale."""
    rows = await db.fetch(
        """
        select locale, subject, text, html from mail_template
        where tenant_id = $1 and site_id = $2 and kind = $3 order by locale
        """,
        tenant_id,
        site_id,
        kind.name,
    )
    return {locale: Template(*parts) for locale, *parts in rows}


class Place(msgspec.Struct, frozen=True):
    """Where there is a template of a shop's own."""

    kind: str
    site_id: int
    locale: str


async def places(db: Session, tenant_id: int) -> list[Place]:
    """Every template that a tenant's sites have of their own, without its text."""
    rows = await db.fetch(
        "select kind, site_id, locale from mail_template where tenant_id = $1 order by kind, site_id, locale", tenant_id
    )
    return [Place(*row) for row in rows]
