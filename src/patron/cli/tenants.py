"""`patron tenant`: the shops that this installation serves."""

import re
from typing import Annotated, Literal

import typer

from patron.cli import address_provider, policies
from patron.cli.desk import Desk, Failure, run
from patron.demo.shop import SLUG as DEMO_SLUG
from patron.kernel.outbound import Outbound
from patron.kernel.values import COUNTRIES, check_currency, fold
from patron.tenants import actions, queries

app = typer.Typer(help="The tenants (shops) of this installation.", no_args_is_help=True)
app.command("settings")(policies.settings)
app.command("address-provider")(address_provider.address_provider)

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@app.command("list")
def list_tenants() -> None:
    """List the tenants with their sites."""
    run(_list)


async def _list(desk: Desk) -> None:
    rows = []
    for tenant in await queries.every(desk.db):
        sites = await queries.sites(desk.db, tenant.id)
        shown = ", ".join(f"{site.id} {site.name} ({site.country}, {site.currency})" for site in sites)
        rows.append(
            (tenant.id, tenant.name, tenant.slug, tenant.mode, await queries.account_total(desk.db, tenant.id), shown)
        )
    desk.show(("id", "name", "slug", "mode", "accounts", "sites"), rows)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The shop's name.")],
    *,
    slug: Annotated[str, typer.Option(help="Short name for addresses; made from the name unless given.")] = "",
    mode: Annotated[Literal["live", "test"], typer.Option(help="test: a shop to try things with.")] = "live",
    country: Annotated[str, typer.Option(help="Country of its first site (ISO 3166-1 alpha-2).")] = "US",
    currency: Annotated[str, typer.Option(help="Currency of its first site (ISO 4217).")] = "USD",
    locale: Annotated[str, typer.Option(help="Language and region of its first site.")] = "en-US",
    domain: Annotated[str, typer.Option(help="Address of the storefront, for links in mails.")] = "",
) -> None:
    """Make a tenant with its default customer set and a first site."""
    site = {"country": country.strip().upper(), "locale": locale.strip(), "domain": domain.strip()}
    run(lambda desk: _create(desk, name.strip(), slug or fold(name), mode, currency, site))


async def _create(desk: Desk, name: str, slug: str, mode: str, currency: str, site: dict[str, str]) -> None:
    slug = re.sub(r"[^a-z0-9-]+", "-", slug).strip("-")
    if not name or not _SLUG.fullmatch(slug):
        raise Failure("A tenant needs a name, and a slug of 1 to 63 lower-case letters, digits and dashes (--slug).")
    if slug == DEMO_SLUG:
        raise Failure(f"The slug {DEMO_SLUG} is the demo shop's.")
    if site["country"] not in COUNTRIES:
        raise Failure(f"{site['country']} is not a country code (ISO 3166-1 alpha-2).")
    if not _LOCALE.fullmatch(site["locale"]):
        raise Failure("A locale is a language and a region, such as en-US.")
    try:
        currency = check_currency(currency)
    except ValueError as error:
        raise Failure(str(error)) from None
    async with desk.db.transaction():
        tenant_id = await actions.create_tenant(desk.db, name=name, slug=slug, mode=mode, now=desk.now)
        site_id = await actions.create_site(desk.db, tenant_id, name=name, currency=currency, now=desk.now, **site)
    desk.say(f"Made the {mode} tenant {tenant_id} ({slug}) with the site {site_id}.")
    desk.say(f"Next: patron application create NAME --tenant {tenant_id} --all-behaviors")


@app.command("password-hook")
def password_hook(
    url: Annotated[str, typer.Argument(help="Where to ask about imported passwords in unknown formats.")] = "",
    *,
    tenant: Annotated[int | None, typer.Option(help="The tenant's id, when there are several.")] = None,
    off: Annotated[bool, typer.Option("--off", help="Ask no more.")] = False,
) -> None:
    """Have a web hook check imported passwords that Patron cannot. Prints the key that signs, once."""
    run(lambda desk: _password_hook(desk, url.strip(), tenant, off=off))


async def _password_hook(desk: Desk, url: str, tenant_id: int | None, *, off: bool) -> None:
    if bool(url) == off:
        raise Failure("Give the address of the hook, or --off.")
    if url and (fault := Outbound(private=desk.settings.private_hooks).fault(url)):
        raise Failure(f"The address {fault}.")
    tenant = await desk.tenant(tenant_id)
    async with desk.db.transaction():
        key = await actions.set_password_hook(desk.db, desk.vault, desk.revocations, tenant.id, url or None)
    if key is None:
        desk.say(f"Tenant {tenant.id} has no password hook any more.")
        return
    desk.say(f"Tenant {tenant.id} asks {url} from now on. The key that signs the questions, shown only now:")
    desk.say(key)
