"""The worker's job: imports and exports that came through the API, a chunk of each by turns."""

from collections.abc import Callable
from datetime import datetime

import structlog

from patron.accounts.records import CUSTOMERS
from patron.imports import export_jobs, inputs, jobs, rowwise, running
from patron.imports.dialect import Dialect
from patron.imports.jobs import MovedError
from patron.imports.reading import of_inputs
from patron.kernel.caller import SYSTEM, Site
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.errors import Locked, NotFound, PatronError, Retry, TooMany, Unavailable
from patron.tenants import queries as tenants

# Over all tenants: whose imports and exports are not over.
DUE = """
    select j.tenant_id, 'import' as kind, j.id, j.site_id from import_job j
    where j.source = 'inputs' and j.status in ('pending', 'in_progress')
    union all select e.tenant_id, 'export', e.id, e.site_id from export_job e
    where e.status in ('pending', 'in_progress') order by 1, 2, 3
"""

log = structlog.get_logger()


async def work(database: Database, secrets: Secrets, now: Callable[[], datetime], dialect: Dialect) -> None:
    """Go on with each that is due until none is. What goes wrong with one keeps no other from its turn."""
    while due := await database.session().fetch(DUE):
        went_on = [await _turn(database, secrets, now, dialect, *row) for row in due]
        if not any(went_on):
            return


async def _turn(
    database: Database,
    secrets: Secrets,
    now: Callable[[], datetime],
    dialect: Dialect,
    tenant_id: int,
    kind: str,
    job_id: int,
    site_id: int,
) -> bool:
    """One chunk. Answers whether it went on."""
    site = await _site(database, tenant_id, site_id)

    def ctx() -> Ctx:
        session = database.session()
        return Ctx(tenant_id, SYSTEM, frozenset(), now(), f"{kind}-{job_id}", session, secrets, site)

    try:
        if kind == "export":
            await export_jobs.step(ctx(), job_id, CUSTOMERS.fields, dialect)
        else:
            await _import(ctx, job_id, dialect)
    except MovedError:
        return True
    except (Locked, NotFound, TooMany, Unavailable, Retry) as error:
        log.warning("job waits", kind=kind, tenant=tenant_id, job=job_id, reason=str(error))
        return False
    except PatronError as error:
        log.warning("job cannot go on", kind=kind, tenant=tenant_id, job=job_id, reason=str(error))
        await _give_up(ctx(), kind, job_id, error.message)
        return False
    except Exception:
        log.exception("job fails", kind=kind, tenant=tenant_id, job=job_id)
        await _give_up(ctx(), kind, job_id, "internal error")
        return False
    return True


async def _give_up(ctx: Ctx, kind: str, job_id: int, reason: str) -> None:
    async with ctx.db.transaction():
        if kind == "export":
            await export_jobs.fail(ctx, job_id, reason)
        else:
            await jobs.update(ctx, job_id, {}, interrupts=True)


async def _import(ctx: Callable[[], Ctx], job_id: int, dialect: Dialect) -> None:
    job = await jobs.get(ctx(), job_id)
    if job.status == "pending":
        job = await jobs.begin(ctx(), job)
    if job.resource_type == "customers":
        await running.step(ctx, job, of_inputs(await inputs.every(ctx(), job_id), job.position))
    else:
        await rowwise.step(ctx, job, dialect)


async def _site(database: Database, tenant_id: int, site_id: int) -> Site | None:
    return next((one for one in await tenants.sites(database.session(), tenant_id) if one.id == site_id), None)
