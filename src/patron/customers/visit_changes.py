"""Changing a visit: accounts, counts, sums and transactions go along with it (Kibo behaviour 12: PUT replaces)."""

import msgspec

from patron.accounts import actions as accounts
from patron.accounts.actions import Tally
from patron.customers import visits
from patron.customers.visits import NewVisit, Recorded
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, NotFound, Taken, check_version
from patron.transactions import actions as transactions
from patron.transactions.model import Transaction
from patron.visits import actions, queries
from patron.visits.model import Visit


async def update(ctx: Ctx, name: str, new: NewVisit, *, expect: frozenset[int] | None = None) -> Recorded:
    """Replace a visit. Its id stays, and so do date and site where the caller names none; transactions that the caller
    does not speak of stay too. `visits.prepare` has come before.

    Raises NotFound, Stale, Invalid, or Taken for a transaction's id that is in use.
    """
    before = await visits.get(ctx, name, lock=True)
    check_version(before.visit.version, expect)
    details = msgspec.structs.replace(new.visit, key=None, at=new.visit.at or before.visit.at)
    sites = await visits.known_sites(ctx, [new])
    asked = visits.checked_visit(ctx, msgspec.structs.replace(new, visit=details), sites, before.visit)
    visit = msgspec.structs.replace(asked.visit, key=before.visit.key, version=before.visit.version + 1)
    wanted = asked.transactions if new.transactions is not None else before.transactions
    if wanted and visit.account_id is None:
        raise Invalid.field("account_id", "is needed for transactions", "missing")
    await _count(ctx, before.visit, visit)
    await actions.move(ctx, before.visit, visit)
    await _set_last(ctx, before.visit, visit)
    after = Recorded(visit, await _settle(ctx, before, visit, wanted))
    await visits.tell_event(ctx, "visit.updated", before, after)
    if visit.account_id and before.visit.account_id not in (None, visit.account_id):
        await events.touched(ctx, [before.visit.account_id])  # it has lost a visit; the event is of who has it now
    return after


async def _count(ctx: Ctx, before: Visit, after: Visit) -> None:
    """Lock the accounts of the visit, the former and the new one, and count it on the right one."""
    tallies: dict[int, Tally] = {}
    if before.account_id is not None:
        tallies[before.account_id] = Tally(-1, None)
    if after.account_id is not None:
        tallies[after.account_id] = Tally(0 if after.account_id == before.account_id else 1, after.at)
    found = await accounts.count_visits(ctx, tallies) if tallies else {}
    if after.account_id is not None and after.account_id not in found:
        raise NotFound("account", after.account_id)


async def _set_last(ctx: Ctx, before: Visit, after: Visit) -> None:
    """An account that has lost its visit, or whose visit has become an earlier one, may have had its last before."""
    if before.account_id is not None and (after.account_id != before.account_id or after.at < before.at):
        await accounts.set_last_visit(ctx, before.account_id, await queries.last_at(ctx, before.account_id))


async def _settle(ctx: Ctx, before: Recorded, visit: Visit, wanted: list[Transaction]) -> list[Transaction]:
    """Make the visit's transactions those that are wanted, on the visit's account."""
    mine = [msgspec.structs.replace(one, account_id=visit.account_id) for one in wanted]
    if mine == before.transactions:
        return mine
    had: dict[int, int] = {}
    if before.visit.account_id is not None and before.transactions:
        owner = await accounts.lock(ctx, before.visit.account_id)
        had[owner.id] = owner.order_count
        await transactions.remove_of_visit(ctx, owner, visit.name)
    if mine and visit.account_id is not None:
        owners = {visit.account_id: await accounts.lock(ctx, visit.account_id)}
        if len(await transactions.insert(ctx, owners, mine, had=had)) < len(mine):
            raise Taken("transaction", "id")
    return visits.in_order(mine)
