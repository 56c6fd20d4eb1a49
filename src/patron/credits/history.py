"""The audit log of a credit: what people did to it, from the events, and what moved, from the ledger itself."""

from datetime import datetime

import msgspec

from patron.credits import queries
from patron.credits.model import money
from patron.kernel.context import Ctx
from patron.kernel.query import Ask, Field, Page, Sort
from patron.kernel.sql import Listing, page


class Activity(msgspec.Struct, frozen=True):
    """One thing that happened. The fields stand in the order of `_LISTING.select`.

    `what` is Created, Updated, Activated, Deactivated or Transaction; the rest is of the entry, or of the event.
    """

    id: int
    at: datetime
    by: str | None
    what: str
    kind: str | None
    amount_minor: int | None
    balance_minor: int | None
    currency: str | None
    payment_id: int | None
    order_id: str | None
    changes: dict[str, list[object]] | None

    @property
    def details(self) -> str:
        """A sentence for people."""
        if self.kind is None or self.amount_minor is None or self.balance_minor is None or self.currency is None:
            return ", ".join(
                f"{path.rpartition('/')[2].replace('_', ' ')}: {_shown(before)} → {_shown(after)}"
                for path, (before, after) in sorted((self.changes or {}).items())
            )
        text = f"{self.kind} {money(self.amount_minor, self.currency)}"
        text += f", balance {money(self.balance_minor, self.currency)}"
        about = [f"payment {self.payment_id}"] if self.payment_id else []
        about += [f"order {self.order_id}"] if self.order_id else []
        return f"{text} ({', '.join(about)})" if about else text


def _shown(value: object) -> str:
    return "–" if value is None else str(value)


FIELDS: dict[str, Field] = {
    "what": Field("e.what", sort='e.what collate "C"'),
    "at": Field("e.at", "time", sort="e.at"),
    "by": Field("e.by", sort="lower(coalesce(e.by, '')) collate \"C\""),
}

# Ids of events are even, those of entries odd. The words of the second condition are those of the index.
_SOURCE = """(
    select x.id * 2 as id, x.at, x.actor as by,
           case x.topic when 'credit.created' then 'Created' else 'Updated' end as what, null as kind,
           null::bigint as amount_minor, null::bigint as balance_minor, null as currency, null::bigint as payment_id,
           null as order_id, x.changes
    from event x where x.tenant_id = $1 and x.subject = $2 and x.subject like 'credit/%'
      and x.topic in ('credit.created', 'credit.updated', 'credit.claimed')
    union all
    select n.id * 2 + 1, n.at, n.by, case n.kind when 'expiry' then 'Deactivated' when 'reinstatement' then 'Activated'
           else 'Transaction' end, n.kind, n.amount_minor, n.balance_minor, n.currency, n.payment_id, n.order_id, null
    from credit_entry n where n.tenant_id = $1 and n.credit_id = $3 and n.kind <> 'issue'
) e"""

_LISTING = Listing(
    select="""e.id, e.at, e.by, e.what, e.kind, e.amount_minor, e.balance_minor, e.currency, e.payment_id, e.order_id,
        e.changes""",
    source=_SOURCE,
    where="true",
    fields=FIELDS,
    identity="e.id",
    order=(Sort("at", descending=True),),
    identity_descending=True,
)


async def list_of(ctx: Ctx, code: str, ask: Ask) -> Page[Activity]:
    """A page of what happened to a credit, newest first unless asked otherwise. Raises NotFound."""
    credit = await queries.by_code(ctx, code)
    found = await page(ctx, _LISTING, ask, f"credit/{credit.id}", credit.id)
    rows = [Activity(*row[: len(Activity.__struct_fields__)]) for row in found.items]
    return Page(rows, found.total, found.next_cursor)
