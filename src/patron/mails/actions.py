"""Writing mails, and changing how they are worded."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from patron.kernel import mail
from patron.kernel.caller import Site
from patron.kernel.context import Ctx
from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.mails import model, queries, rendering, wording
from patron.mails.model import Kind, Rendered, Template

log = structlog.get_logger()


async def send(
    ctx: Ctx,
    kind: Kind,
    recipient: str | None,
    facts: Mapping[str, str] | None = None,
    *,
    locale: str | None = None,
    account_id: int | None = None,
) -> None:
    """Have the worker send a mail, unless there is no address or the tenant does without this kind.

    It is written in the reader's `locale`, else in the site's, with the site's own templates before ours. `facts` are
    the kind's own; what every mail can say is added.
    """
    if not recipient:
        return
    site = ctx.at_site
    locales = model.wanted(locale, site.locale)
    choice = await queries.choice(ctx.db, ctx.tenant_id, site.id, kind, locales)
    if choice.is_suppressed:
        return
    written = _written(ctx, kind, choice.own, locales, {**facts_of_shop(site), **(facts or {})})
    await mail.queue(ctx, kind.name, recipient, written.subject, written.text, written.html, account_id=account_id)


def facts_of_shop(site: Site) -> dict[str, str]:
    """What every mail can say (`kinds.SHOP_FACTS`). A domain without a scheme is a public one."""
    domain = site.domain.rstrip("/")
    return {"shop": site.name, "shop_url": domain if "://" in domain else f"https://{domain}"}


def _written(
    ctx: Ctx, kind: Kind, own: Mapping[str, Template], locales: list[str], facts: Mapping[str, str]
) -> Rendered:
    """The mail with the first template that serves. One that an older release took may not serve any more."""
    for locale, template in candidates(kind, own, locales):
        try:
            return rendering.render(template, {**facts, "language": locale})
        except rendering.TROUBLE as error:
            log.warning("mail template failed", tenant=ctx.tenant_id, kind=kind.name, locale=locale, reason=str(error))
    raise AssertionError(f"no template of ours for {kind.name}")


def candidates(kind: Kind, own: Mapping[str, Template], locales: list[str]) -> list[tuple[str, Template]]:
    """The templates that a mail may be written with, the best first: in each locale the site's own before ours."""
    return [
        (locale, template)
        for locale in locales
        for template in (own.get(locale), wording.built_in(kind, locale))
        if template is not None
    ]


async def put_template(
    db: Session, tenant_id: int, site_id: int, kind: Kind, locale: str, template: Template, now: datetime
) -> None:
    """Give a site its own template of a kind of mail. Raises Invalid when it cannot be used, NotFound."""
    rendering.check(kind, template)
    await db.execute(
        """
        insert into mail_template (tenant_id, site_id, kind, locale, subject, text, html, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict (tenant_id, site_id, kind, locale) do update
        set subject = $5, text = $6, html = $7, updated_at = $8
        """,
        tenant_id,
        site_id,
        kind.name,
        locale,
        template.subject,
        template.text,
        template.html,
        now,
    )


async def remove_template(db: Session, tenant_id: int, site_id: int, kind: Kind, locale: str) -> None:
    """Go back to our own wording. Raises NotFound when the site has none of its own."""
    gone = await db.execute(
        "delete from mail_template where tenant_id = $1 and site_id = $2 and kind = $3 and locale = $4",
        tenant_id,
        site_id,
        kind.name,
        locale,
    )
    if not gone:
        raise NotFound("template of this site for", f"{kind.name} in {locale}")
