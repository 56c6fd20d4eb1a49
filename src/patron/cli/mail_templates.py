"""`patron mail templates` and `patron mail template`: how the mails of a site are worded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from patron.cli.desk import Desk, Failure, run
from patron.kernel.caller import Site
from patron.mails import actions, queries, rendering
from patron.mails.kinds import KINDS, facts_of
from patron.mails.model import Kind, Template, check_locale, wanted
from patron.tenants import queries as tenants

app = typer.Typer(help="How the mails of a site are worded: ours, or the site's own templates.", no_args_is_help=True)

FILE_BYTES_MAX = 1_000_000

KIND = Annotated[str, typer.Argument(metavar="KIND", help="The kind of mail, from `patron mail templates`.")]
TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]
SITE = Annotated[int | None, typer.Option(help="Site id; not needed when the tenant has only one.")]
LOCALE = Annotated[str, typer.Option(help="Language, with or without region, such as fr-CA; the site's unless given.")]
SUBJECT = Annotated[str | None, typer.Option(help="The subject.")]
TEXT = Annotated[Path | None, typer.Option(help="File with the text.")]
HTML = Annotated[Path | None, typer.Option(help="File with the HTML; an empty one for mails of text alone.")]
PART = Annotated[Literal["all", "subject", "text", "html"], typer.Option(help="What to print.")]


@dataclass(frozen=True)
class _Named:
    """What the options of a command name: a kind of mail at a site, in a locale."""

    kind: str
    tenant: int | None
    site: int | None
    locale: str


@dataclass(frozen=True)
class _Place:
    """The same, found in the database, with the site's own templates."""

    kind: Kind
    tenant_id: int
    site: Site
    locale: str
    own: dict[str, Template]

    def current(self) -> tuple[str, Template]:
        """The template that counts, with its locale."""
        return actions.candidates(self.kind, self.own, wanted(self.locale, self.site.locale))[0]


async def _found(desk: Desk, named: _Named) -> _Place:
    if named.kind not in KINDS:
        raise Failure(f"There is no kind of mail {named.kind[:60]}. There are: {', '.join(KINDS)}")
    kind = KINDS[named.kind]
    tenant = await desk.tenant(named.tenant)
    sites = await tenants.sites(desk.db, tenant.id)
    site = next((one for one in sites if one.id == named.site), None)
    if named.site is None and len(sites) == 1:
        site = sites[0]
    if site is None:
        there_are = ", ".join(f"{one.id} ({one.name})" for one in sites)
        raise Failure(f"Say which site with --site ID. There are: {there_are}.")
    try:
        locale = check_locale(named.locale or site.locale)
    except ValueError as error:
        raise Failure(f"{named.locale[:40]!r} is no locale: {error}.") from None
    return _Place(kind, tenant.id, site, locale, await queries.own(desk.db, tenant.id, site.id, kind))


@dataclass(frozen=True)
class _Parts:
    """What a command gives of a template: the other parts are those of now."""

    subject: str | None
    text: Path | None
    html: Path | None

    def over(self, template: Template) -> Template:
        """The template with these parts in place of its own."""
        return Template(
            template.subject if self.subject is None else self.subject,
            template.text if self.text is None else _read(self.text),
            template.html if self.html is None else _read(self.html).strip(),
        )


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise Failure(f"{file} is too large for a template.")
        return file.read_text(encoding="utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Failure(f"{file} is no text in UTF-8.") from None


def templates(*, tenant: TENANT = None) -> None:
    """List the kinds of mails, the facts that each can say, and the sites' own templates."""
    run(lambda desk: _templates(desk, tenant))


async def _templates(desk: Desk, tenant_id: int | None) -> None:
    tenant = await desk.tenant(tenant_id)
    own: dict[str, list[str]] = {}
    for place in await queries.places(desk.db, tenant.id):
        own.setdefault(place.kind, []).append(f"{place.locale} (site {place.site_id})")
    rows = [
        (kind.name, kind.says, ", ".join(facts_of(kind)), ", ".join(own.get(kind.name, [])) or None)
        for kind in KINDS.values()
    ]
    desk.show(("kind", "written when", "facts", "own templates"), rows)


@app.command()
def show(kind: KIND, *, tenant: TENANT = None, site: SITE = None, locale: LOCALE = "", part: PART = "all") -> None:
    """Show the template that counts in a locale, and what its facts mean."""
    run(lambda desk: _show(desk, _Named(kind, tenant, site, locale), part))


async def _show(desk: Desk, named: _Named, part: str) -> None:
    place = await _found(desk, named)
    locale, template = place.current()
    if part == "all":
        whose = "the site's own" if template == place.own.get(locale) else "ours"
        desk.say(f"In {place.locale} site {place.site.id} writes {place.kind.name} with {whose} in {locale}.\n")
        facts = facts_of(place.kind)
        desk.show(("fact", "meaning", "needed"), [(name, fact.says, fact.needed) for name, fact in facts.items()])
    _print(desk, {"subject": template.subject, "text": template.text, "html": template.html}, part)


def _print(desk: Desk, parts: dict[str, str], part: str) -> None:
    for name, content in parts.items():
        if part == "all":
            desk.say(f"\n--- {name}")
        if part in ("all", name):
            desk.say(content.rstrip("\n"))


@app.command("set")
def put(
    kind: KIND,
    *,
    tenant: TENANT = None,
    site: SITE = None,
    locale: LOCALE = "",
    subject: SUBJECT = None,
    text: TEXT = None,
    html: HTML = None,
) -> None:
    """Give a site its own template. Parts that are not given are taken from the one that counts now."""
    run(lambda desk: _put(desk, _Named(kind, tenant, site, locale), _Parts(subject, text, html)))


async def _put(desk: Desk, named: _Named, parts: _Parts) -> None:
    place = await _found(desk, named)
    if parts == _Parts(None, None, None):
        raise Failure("Give --subject, --text or --html.")
    template = parts.over(place.current()[1])
    await actions.put_template(desk.db, place.tenant_id, place.site.id, place.kind, place.locale, template, desk.now)
    desk.say(f"Site {place.site.id} writes {place.kind.name} in {place.locale} with its own template from now on.")


@app.command()
def reset(kind: KIND, *, tenant: TENANT = None, site: SITE = None, locale: LOCALE = "") -> None:
    """Remove a site's own template: our wording counts again."""
    run(lambda desk: _reset(desk, _Named(kind, tenant, site, locale)))


async def _reset(desk: Desk, named: _Named) -> None:
    place = await _found(desk, named)
    await actions.remove_template(desk.db, place.tenant_id, place.site.id, place.kind, place.locale)
    desk.say(f"Site {place.site.id} has no template of its own for {place.kind.name} in {place.locale} any more.")


@app.command()
def preview(
    kind: KIND,
    *,
    tenant: TENANT = None,
    site: SITE = None,
    locale: LOCALE = "",
    subject: SUBJECT = None,
    text: TEXT = None,
    html: HTML = None,
    part: PART = "all",
) -> None:
    """Print a mail as it would be sent, with made-up facts; also with parts that are not set yet."""
    run(lambda desk: _preview(desk, _Named(kind, tenant, site, locale), _Parts(subject, text, html), part))


async def _preview(desk: Desk, named: _Named, parts: _Parts, part: str) -> None:
    place = await _found(desk, named)
    locale, template = place.current()
    if parts != _Parts(None, None, None):
        locale, template = place.locale, parts.over(template)
        rendering.check(place.kind, template)
    samples = {name: fact.sample for name, fact in facts_of(place.kind).items()}
    facts = {**samples, **actions.facts_of_shop(place.site), "language": locale}
    mail = rendering.render(template, facts)
    _print(desk, {"subject": mail.subject, "text": mail.text, "html": mail.html or ""}, part)
