"""The worker's job: keeps the segments that have rules in step, tenant by tenant."""

from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import Counter, Gauge

from patron.kernel.caller import SYSTEM
from patron.kernel.context import Ctx, Secrets
from patron.kernel.db import Database
from patron.kernel.errors import PatronError, Retry
from patron.kernel.secrets import random_token
from patron.segments.evaluation import TroubleError, follow_changes, follow_time
from patron.segments.failing import set_aside, try_again
from patron.segments.filling import fill_some

DATES_SECONDS = 60.0

# Over all tenants: who has changes, rules to fill, or dates to follow.
DUE = """
    select c.tenant_id,
           (select w.at from account_change w where w.tenant_id = c.tenant_id order by w.id limit 1) as waits_since
    from rule_clock c
    where c.dates_at <= $1::timestamptz - make_interval(secs => $2)
       or exists (select from account_change w where w.tenant_id = c.tenant_id)
       or exists (select from segment_rule r where r.tenant_id = c.tenant_id
                  and (r.state = 'filling' or (r.state = 'failed' and r.retry_at <= $1)))
"""

log = structlog.get_logger()

_LAG = Gauge(
    "patron_segment_lag_seconds",
    "How long the oldest changed account waited for the rules of segments, at the worker's last look.",
    multiprocess_mode="max",
)
_CHANGES = Counter("patron_segment_changes_total", "Changed accounts that rules of segments were asked about.")
_FAILURES = Counter("patron_segment_failures_total", "Rules of segments that could not be evaluated.")


async def keep_in_step(database: Database, secrets: Secrets, now: Callable[[], datetime]) -> None:
    """Evaluate what is due for every tenant until nothing is: a batch of changes and a slice of filling by turns.

    What goes wrong with one tenant keeps no other from its turn; it is logged, and tried again at the next call.
    """
    while True:
        turns = [await _turn(database, secrets, tenant_id, now) for tenant_id in await _due(database, now())]
        if not any(turns):
            return


async def _due(database: Database, now: datetime) -> list[int]:
    """The tenants for whom there is something to do."""
    rows = await database.session().fetch(DUE, now, DATES_SECONDS)
    _LAG.set(max([0.0, *((now - row["waits_since"]).total_seconds() for row in rows if row["waits_since"])]))
    return [row["tenant_id"] for row in rows]


async def _turn(database: Database, secrets: Secrets, tenant_id: int, now: Callable[[], datetime]) -> bool:
    """One turn of a tenant. Answers whether it needs another one at once."""

    def ctx() -> Ctx:
        return Ctx(tenant_id, SYSTEM, frozenset(), now(), random_token(), database.session(), secrets)

    try:
        await try_again(ctx())
        await follow_time(ctx(), seconds=DATES_SECONDS)
        changes = await follow_changes(ctx())
        _CHANGES.inc(changes)
        filled = await fill_some(ctx())
    except TroubleError as trouble:
        failed = await set_aside(ctx(), trouble)
        _FAILURES.inc(len(failed))
        log.exception("segment rules failed", tenant=tenant_id, segments=failed)
        return bool(failed)
    except (PatronError, Retry) as error:
        log.warning("segment rules wait", tenant=tenant_id, reason=str(error))
        return False
    except Exception:
        log.exception("segment rules fail", tenant=tenant_id)
        return False
    return changes > 0 or filled > 0
