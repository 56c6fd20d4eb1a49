"""Telling whoever runs the shop that a webhook fails: a mail to the addresses in its setting `alerts_to`.

A receiver that comes and goes shall not fill a mailbox: of its failures one mail a day is enough.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from patron.kernel import mail
from patron.kernel.context import Ctx
from patron.tenants import queries as tenants
from patron.tenants.model import merged
from patron.webhooks.model import OPENS_AFTER, WARNS_AFTER, Outcome, Webhook

PAUSE = timedelta(days=1)

_FAILS = f"""\
It has failed {WARNS_AFTER} times in a row. The last time: {{answer}}

What it did not take is tried again, with growing pauses. {{follows}}
"""
_BREAKS = f"After {OPENS_AFTER} failures in a row it is left alone until somebody resets its circuit."
_GOES_ON = "Nothing is lost for 14 days."
_OPENED = f"""\
It has failed {OPENS_AFTER} times in a row, and is left alone now. The last time: {{answer}}

What happens meanwhile waits for 30 days. When its receiver is well again, reset its circuit:
`_reset_circuit` through the API, or `patron webhook enable {{number}}`.
"""


async def failing(ctx: Ctx, hook: Webhook, outcome: Outcome) -> None:
    """Say that a webhook fails, unless that was said within a day."""
    addresses, shop = await _readers(ctx)
    if not addresses:
        return
    is_due = await ctx.db.execute(
        """
        update webhook set told_at = $3 where tenant_id = $1 and id = $2 and (told_at is null or told_at <= $4)
        """,
        ctx.tenant_id,
        hook.id,
        ctx.now,
        ctx.now - PAUSE,
    )
    if is_due:
        says = _FAILS.format(answer=outcome.message, follows=_BREAKS if hook.pace.breaks else _GOES_ON)
        await _send(ctx, hook, addresses, f"{shop}: webhook {hook.id} fails", says)


async def opened(ctx: Ctx, hook: Webhook, outcome: Outcome) -> None:
    """Say that a webhook is left alone from now on."""
    addresses, shop = await _readers(ctx)
    says = _OPENED.format(answer=outcome.message, number=hook.id)
    await _send(ctx, hook, addresses, f"{shop}: webhook {hook.id} is left alone", says)


async def _readers(ctx: Ctx) -> tuple[tuple[str, ...], str]:
    """Who is told, and the tenant's name. Read anew: a worker hears of no changes."""
    tenant = await tenants.get(ctx.db, ctx.tenant_id)
    return merged(tenant.settings, None).alerts_to, tenant.name


async def _send(ctx: Ctx, hook: Webhook, addresses: tuple[str, ...], subject: str, says: str) -> None:
    """One mail for each address. What follows the path of the webhook's may be a secret, and stays out."""
    url = urlsplit(hook.url)
    head = f"Webhook {hook.id}{f' ({hook.name})' if hook.name else ''} calls {url.hostname}{url.path}.\n"
    for address in addresses:
        await mail.queue(ctx, "webhookFailing", address, subject, f"{head}{says}")
