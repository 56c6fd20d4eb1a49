"""`patron site`: the places where a tenant sells. In the JSON:API they are markets, which scopes name by a code."""

import re
from typing import Annotated

import typer

from patron.cli.desk import Desk, Failure, run
from patron.tenants import actions, queries

app = typer.Typer(help="The sites (markets) of a tenant.", no_args_is_help=True)

TENANT = Annotated[int | None, typer.Option(help="Tenant id; not needed when there is only one.")]
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@app.command("list")
def list_sites(*, tenant: TENANT = None) -> None:
    """List a tenant's sites."""
    run(lambda desk: _list(desk, tenant))


async def _list(desk: Desk, tenant_id: int | None) -> None:
    tenant = await desk.tenant(tenant_id)
    codes = await queries.site_codes(desk.db, tenant.id)
    rows = [
        (site.id, site.name, codes.get(site.id), site.customer_set, site.country, site.currency, site.locale)
        for site in await queries.sites(desk.db, tenant.id)
    ]
    desk.show(("id", "name", "code", "customer set", "country", "currency", "locale"), rows)


@app.command("code")
def name_site(
    site: Annotated[int, typer.Argument(help="The site's id.")],
    code: Annotated[str, typer.Argument(help="What scopes call it: market:code:CODE.")],
    *,
    tenant: TENANT = None,
) -> None:
    """Give a site the code by which scopes of the JSON:API name it."""
    run(lambda desk: _name(desk, site, code.strip(), tenant))


async def _name(desk: Desk, site_id: int, code: str, tenant_id: int | None) -> None:
    tenant = await desk.tenant(tenant_id)
    if not _CODE.fullmatch(code):
        raise Failure("A code is 1 to 100 letters, digits, dashes, dots and underscores.")
    await actions.set_site_code(desk.db, tenant.id, site_id, code)
    desk.say(f"Scopes name the site {site_id} as market:code:{code} from now on.")
