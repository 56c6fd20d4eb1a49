"""Recording and changing visits: what spans a visit, its account and its transactions."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import msgspec

from patron.accounts import actions as accounts
from patron.accounts.actions import Tally
from patron.accounts.model import Account
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults, Invalid, NotFound, Problem, Taken
from patron.kernel.query import Ask, Page
from patron.kernel.secrets import random_token
from patron.tenants import queries as tenants
from patron.transactions import actions as transactions
from patron.transactions import model as deeds
from patron.transactions import queries as transaction_queries
from patron.transactions.model import Transaction
from patron.visits import actions, months, queries
from patron.visits.model import AHEAD_MAX, Details, Visit, checked, paths

BATCH_MAX = 1_000
TRANSACTIONS_MAX = 50
FAULTS_TOLD_MAX = 100
_FRESH = timedelta(days=31)  # every tenant keeps visits as young as that


class NewVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit as a caller wrote it. `transactions` is None when the caller named none."""

    visit: Details
    transactions: list[deeds.Details] | None = None


class Recorded(msgspec.Struct, frozen=True):
    """A visit with its transactions. `is_known`: it was there already, under the id that the caller gave."""

    visit: Visit
    transactions: list[Transaction]
    is_known: bool = False


async def get(ctx: Ctx, name: str, *, lock: bool = False) -> Recorded:
    """One visit by the id that callers know, locked if asked for. Raises NotFound."""
    visit = await queries.get(ctx, name, lock=lock)
    return Recorded(visit, await _done_at(ctx, visit))


async def _done_at(ctx: Ctx, visit: Visit) -> list[Transaction]:
    if visit.account_id is None:
        return []
    return await transaction_queries.of_visit(ctx, visit.account_id, visit.name)


async def list_of(ctx: Ctx, ask: Ask) -> Page[Recorded]:
    """A page of the tenant's visits, the newest first unless asked otherwise, in one statement."""
    found = await queries.list_of(ctx, ask, transaction_queries.OF_VISIT)
    decode = transaction_queries.DECODER.decode
    return Page([Recorded(visit, decode(done)) for visit, done in found.items], found.total, found.next_cursor)


async def prepare(ctx: Ctx, given: Sequence[NewVisit], *, is_batch: bool = False) -> None:
    """What recording and changing visits needs beforehand, outside the transaction: a place for each in its month.

    Raises Invalid for dates from before what the tenant keeps.
    """
    if len(given) > BATCH_MAX:
        raise Invalid.field("items", f"has at most {BATCH_MAX} entries", "too_long")
    moments = [one.visit.at or ctx.now for one in given]
    if moments and min(moments) < ctx.now - _FRESH:
        policy = await tenants.policy(ctx)
        oldest = months.oldest_kept(ctx.now, policy.visit_months)
        faults = Faults()
        for place, at in enumerate(moments):
            with faults.of(f"[{place}]." if is_batch else ""):
                if at < oldest:
                    raise Invalid.field("date", f"lies before {oldest:%Y-%m-%d}: this shop keeps no older visits")
        tell(faults)
    await months.ready(ctx.db, (at for at in moments if at <= ctx.now + AHEAD_MAX), ctx.now)


async def record(ctx: Ctx, new: NewVisit) -> Recorded:
    """Record a visit with its transactions; the account's counts and sums follow. `prepare` has come before.

    Raises Invalid, NotFound for an unknown account, or Taken for an id that is in use.
    """
    one = checked_visit(ctx, new, await known_sites(ctx, [new]))
    if one.visit.key and not await actions.claim(ctx, [one.visit]):
        raise Taken("visit", "id")
    owners = await _count(ctx, [one])
    if one.visit.account_id is not None and one.visit.account_id not in owners:
        raise NotFound("account", one.visit.account_id)
    if len(await transactions.insert(ctx, owners, one.transactions)) < len(one.transactions):
        raise Taken("transaction", "id")
    await actions.insert(ctx, [one.visit])
    await tell_event(ctx, "visit.created", None, one)
    return Recorded(one.visit, in_order(one.transactions))


async def record_batch(ctx: Ctx, given: Sequence[NewVisit]) -> list[Recorded]:
    """Record up to `BATCH_MAX` visits, all or none, with one event; answers them in their order.

    One whose id is known already is left as it is, so that a batch can be sent again. A number of statements that does
    not depend on how many there are. `prepare` has come before. Raises Invalid naming the rows, such as `[3].date`.
    """
    faults = Faults()
    rows: list[Recorded] = []
    sites = await known_sites(ctx, given)
    for place, new in enumerate(given):
        with faults.of(f"[{place}]."):
            rows.append(checked_visit(ctx, new, sites))
    tell(faults)
    keyed = {one.visit.key: one.visit for one in reversed(rows) if one.visit.key}
    free = await actions.claim(ctx, list(keyed.values())) if keyed else set()
    rows = [
        one if one.visit.key is None or (one.visit.key in free and keyed[one.visit.key] is one.visit)
        else msgspec.structs.replace(one, is_known=True)
        for one in rows
    ]  # fmt: skip
    fresh = [one for one in rows if not one.is_known]
    owners = await _count(ctx, fresh)
    for place, one in enumerate(rows):
        with faults.of(f"[{place}]."):
            if not one.is_known and one.visit.account_id is not None and one.visit.account_id not in owners:
                raise Invalid.field("account_id", "is no account here")
    tell(faults)
    if fresh:
        done = [transaction for one in fresh for transaction in one.transactions]
        written = await transactions.insert(ctx, owners, done)
        if len(written) < len(done):
            raise Invalid(*_taken(rows, written))
        await actions.insert(ctx, [one.visit for one in fresh])
        await events.record(ctx, "visits.recorded", changes={"visits": (None, len(fresh))})
        await events.touched(ctx, sorted(owners))
    return rows


async def known_sites(ctx: Ctx, given: Sequence[NewVisit]) -> frozenset[int]:
    """The sites that these visits may name: read only when one names another than the caller's own."""
    own = ctx.at_site.id
    if {one.visit.site_id or own for one in given} <= {own}:
        return frozenset({own})
    return frozenset(site.id for site in await tenants.sites(ctx.db, ctx.tenant_id))


def checked_visit(ctx: Ctx, new: NewVisit, sites: frozenset[int], before: Visit | None = None) -> Recorded:
    """The visit and the transactions that a caller's words mean; of `before`, if it is there already.

    Raises Invalid with every fault.
    """
    faults = Faults()
    site_id = before.site_id if before else ctx.at_site.id
    visit = None
    with faults.of():
        visit = checked(new.visit, site_id=site_id, now=ctx.now, id=before.id if before else None)
        if visit.site_id not in sites and visit.site_id != site_id:
            raise Invalid.field("site_id", "is no site here")
    done = _checked_transactions(ctx, new.transactions or [], visit, before, faults)
    faults.tell()
    assert visit is not None
    return Recorded(visit, done)


def _checked_transactions(
    ctx: Ctx, given: Sequence[deeds.Details], visit: Visit | None, before: Visit | None, faults: Faults
) -> list[Transaction]:
    """Transactions of a visit: its account's, at its time unless they say another, in the site's currency likewise."""
    if given and visit is not None and visit.account_id is None:
        with faults.of():
            raise Invalid.field("account_id", "is needed for transactions", "missing")
    if len(given) > TRANSACTIONS_MAX:
        with faults.of():
            raise Invalid.field("transactions", f"has at most {TRANSACTIONS_MAX} entries", "too_long")
    done: list[Transaction] = []
    name = (before or visit).name if before or visit else ""  # type: ignore[union-attr]
    for place, details in enumerate(given):
        with faults.of(f"transactions[{place}]."):
            one = deeds.checked(
                msgspec.structs.replace(details, visit_id=name),
                new_id=random_token(),
                account_id=(visit.account_id if visit else None) or 0,
                currency=ctx.at_site.currency,
                now=visit.at if visit else ctx.now,
            )
            if any(one.id == other.id for other in done):
                raise Invalid.field("transaction_id", "is there twice")
            done.append(one)
    return done


def in_order(done: Sequence[Transaction]) -> list[Transaction]:
    """A visit's transactions as they are read again."""
    return sorted(done, key=lambda one: (one.at, one.id))


async def _count(ctx: Ctx, rows: Sequence[Recorded]) -> dict[int, Account]:
    """Count new visits on their accounts, which are locked by that. Answers those that there are."""
    tallies: dict[int, Tally] = {}
    for one in rows:
        if one.visit.account_id is not None:
            tally = tallies.get(one.visit.account_id, Tally(0, one.visit.at))
            last_at = max(tally.last_at or one.visit.at, one.visit.at)
            tallies[one.visit.account_id] = Tally(tally.visits + 1, last_at)
    return await accounts.count_visits(ctx, tallies) if tallies else {}


def _taken(rows: Sequence[Recorded], written: set[tuple[int, str]]) -> Iterator[Problem]:
    """What is wrong with a batch of whose transactions only some could be written."""
    waiting = set(written)
    for place, row in enumerate(rows):
        for number, one in enumerate(row.transactions if not row.is_known else ()):
            if (one.account_id, one.id) in waiting:
                waiting.discard((one.account_id, one.id))
            else:
                yield Problem(f"[{place}].transactions[{number}].transaction_id", "is in use already", "taken")


def tell(faults: Faults) -> None:
    """Raise Invalid with the first of what was found; nothing if nothing was."""
    if faults.problems:
        raise Invalid(*faults.problems[:FAULTS_TOLD_MAX])


async def tell_event(ctx: Ctx, topic: str, before: Recorded | None, after: Recorded) -> None:
    """Write the event of a single visit, with its transactions. What is a trace of a person stays out of it."""
    name = after.visit.name
    changes = events.difference(before and before.visit, after.visit, paths(name))
    old = {one.id: one for one in before.transactions} if before else {}
    new = {one.id: one for one in after.transactions}
    for id_ in old | new:
        changes |= events.difference(old.get(id_), new.get(id_), deeds.paths(id_))
    account_id = after.visit.account_id or (before.visit.account_id if before else None)
    await events.record(ctx, topic, account_id=account_id, subject=f"visit/{name}", changes=changes)
