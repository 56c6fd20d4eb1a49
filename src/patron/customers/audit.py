"""The audit log of an account: every changed field as an entry, unnested from the events when it is read."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from patron.accounts import queries as accounts
from patron.kernel.context import Ctx
from patron.kernel.events import TOPICS
from patron.kernel.query import Ask, Field, Page
from patron.kernel.sql import Listing, page

# Entry ids are the event's id and the place of the path among the event's paths, in one number.
PLACES = 10_000


class Entry(msgspec.Struct, frozen=True):
    """One changed field. The fields stand in the order of `_LISTING.select`; values are text, None for nothing.

    `site` is the id of the site as text; `path` is spelled as the reader asked.
    """

    id: int
    account_id: int
    at: datetime
    actor: str
    application: str | None
    site: str | None
    path: str
    before: str | None
    after: str | None
    description: str
    impersonator: str | None


def _text(sql: str) -> Field:
    return Field(sql, sort=f"lower(coalesce({sql}, '')) collate \"C\"")


FIELDS: dict[str, Field] = {
    "at": Field("e.at", "time", sort="e.at"),
    "actor": _text("e.actor"),
    "application": _text("e.application"),
    "site": _text("e.site_id::text"),
    "path": _text("c.path"),
    "impersonator": _text("e.impersonator"),
    "description": _text("c.description"),
}

# $3 says what a topic means, $4 spells what capitals alone do not. A path is `field`, `noun/id` or `noun/id/field`; an
# id may hold slashes.
_PASCAL = "replace(initcap(replace({0}, '_', ' ')), ' ', '')"
_SPELLED = f"coalesce($4::jsonb ->> ({{0}}), {_PASCAL.format('{1}')})"
_SOURCE = f"""event e cross join lateral (
    select p.place, p.value, ($3::jsonb ->> e.topic)
               || coalesce(', by ' || e.impersonator || ' for the shopper', '') as description,
           '/Customer/' || case
        when p.ends is null then {_SPELLED.format("p.key", "p.key")}
        else {_SPELLED.format("p.ends[1]", "p.ends[1]")} || '/' || p.ends[2] || coalesce(
            '/' || {_SPELLED.format("p.ends[1] || '/' || p.ends[3]", "p.ends[3]")}, '') end as path
    from (
        select d.key, d.value, row_number() over (order by d.key collate "C") as place,
               regexp_match(d.key, '^([^/]+)/(.+?)(?:/([^/]+))?$') as ends
        from jsonb_each(e.changes) d
    ) p where p.place < {PLACES}
) c"""

_LISTING = Listing(
    select=f"""e.id * {PLACES} + c.place, e.account_id, e.at, e.actor, e.application, e.site_id::text, c.path,
        c.value ->> 0, c.value ->> 1, c.description, e.impersonator""",
    source=_SOURCE,
    where="e.tenant_id = $1 and e.account_id = $2",
    fields=FIELDS,
    identity=f"(e.id * {PLACES} + c.place)",
    identity_descending=True,
)


async def list_of(ctx: Ctx, account_id: int, ask: Ask, spelling: Mapping[str, str]) -> Page[Entry]:
    """A page of an account's audit log, newest first unless asked otherwise. Raises NotFound for an unknown account.

    The log of a removed account can still be read: it says who removed it. Paths are `/Customer/Contacts/12/City`:
    names in Pascal case, or as `spelling` says for a field (`email`), a noun (`contact`) or a noun's field
    (`contact/line_1`).
    """
    found = await page(ctx, _LISTING, ask, account_id, TOPICS, dict(spelling))
    if not found.total:
        await accounts.require(ctx, account_id)
    return Page([Entry(*row[:11]) for row in found.items], found.total, found.next_cursor)
