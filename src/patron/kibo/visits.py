"""Visits, in this dialect, with what an account did at them (Kibo behaviour 12, 6.6)."""

from typing import Any

from patron.customers import visit_changes, visits
from patron.customers.visits import NewVisit, Recorded
from patron.kernel.context import Ctx
from patron.kernel.errors import Faults
from patron.kibo import transactions
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, ask
from patron.kibo.transactions import Transaction
from patron.kibo.wire import Given, Int32, Paged, Time, Wire, read_time, time
from patron.visits import queries
from patron.visits.model import Details
from patron.web.operations import Answer, Call, Operation


class Visit(Wire):
    """Somebody's coming to a site or store. An id or a date that is left out is made here.

    `deviceClass` is read from the user agent and never taken from a caller.
    """

    account_id: Int32 | None = None
    browser_location_code: str | None = None
    date: Given[Time] = None
    device_class: str | None = None
    id: str | None = None
    location_code: str | None = None
    transactions: list[Transaction] | None = None
    type: str | None = None
    user_id: str | None = None
    web_referrer: str | None = None
    web_session_id: str | None = None
    web_site_id: Int32 | None = None
    web_user_agent: str | None = None


class VisitCollection(Paged):
    """A page of visits."""

    items: list[Visit] | None = None


class VisitBatch(Wire):
    """What became of a batch: the visits' ids in their order, how many are new, and how many were known already."""

    ids: list[str]
    recorded: Int32
    known: Int32


NAMES = {
    "accountid": "account_id",
    "userid": "user_id",
    "type": "kind",
    "date": "at",
    "websessionid": "session_id",
    "websiteid": "site_id",
    "locationcode": "location",
    "deviceclass": "device",
}


def shown(one: Recorded) -> Visit:
    """A visit as this dialect shows it."""
    visit = one.visit
    return Visit(
        account_id=visit.account_id,
        browser_location_code=visit.browser_location,
        date=time(visit.at),
        device_class=visit.device,
        id=visit.name,
        location_code=visit.location,
        transactions=[transactions.shown(done) for done in one.transactions],
        type=visit.kind,
        user_id=visit.user_id,
        web_referrer=visit.referrer,
        web_session_id=visit.session_id,
        web_site_id=visit.site_id,
        web_user_agent=visit.user_agent,
    )


def read(body: Visit) -> NewVisit:
    """What a caller wrote. Raises Invalid for dates that are none."""
    faults = Faults()
    at, done = None, []
    with faults.of():
        at = read_time("date", body.date)
    for place, one in enumerate(body.transactions or ()):
        with faults.of(f"transactions[{place}]."):
            done.append(transactions.read(one))
    faults.tell()
    details = Details(
        key=body.id,
        account_id=body.account_id,
        user_id=body.user_id,
        kind=body.type,
        at=at,
        site_id=body.web_site_id,
        session_id=body.web_session_id,
        referrer=body.web_referrer,
        user_agent=body.web_user_agent,
        browser_location=body.browser_location_code,
        location=body.location_code,
    )
    return NewVisit(visit=details, transactions=None if body.transactions is None else done)


async def list_visits(ctx: Ctx, call: Call) -> Any:
    """All visits, the newest first unless asked otherwise."""
    page = await visits.list_of(ctx, wanted := ask(call, NAMES, queries.FIELDS))
    return collection(VisitCollection, wanted, page, shown)


async def get_visit(ctx: Ctx, call: Call) -> Any:
    """One visit, by our id or by the one that the caller gave it."""
    one = await visits.get(ctx, call.path["visitId"])
    return Answer(shown(one), version=one.visit.version)


async def prepare_visit(ctx: Ctx, call: Call) -> NewVisit:
    """What is done before the transaction: the visit gets a place in its month."""
    new = read(call.body)
    await visits.prepare(ctx, [new])
    return new


async def add_visit(ctx: Ctx, call: Call) -> Any:
    """Record one. The account's visitsCount and the sums of its transactions follow at once."""
    one = await visits.record(ctx, call.prepared)
    return Answer(shown(one), version=one.visit.version)


async def update_visit(ctx: Ctx, call: Call) -> Any:
    """Replace one. Its id stays; date, site and transactions stay where the body has none."""
    one = await visit_changes.update(ctx, call.path["visitId"], call.prepared, expect=call.expect)
    return Answer(shown(one), version=one.visit.version)


async def prepare_batch(ctx: Ctx, call: Call) -> list[NewVisit]:
    """The same for many."""
    faults, given = Faults(), []
    for place, one in enumerate(call.body[: visits.BATCH_MAX + 1]):
        with faults.of(f"[{place}]."):
            given.append(read(one))
    visits.tell(faults)
    await visits.prepare(ctx, given, is_batch=True)
    return given


async def add_visits(ctx: Ctx, call: Call) -> Any:
    """Record up to 1,000, all or none: a fault names its row, and then nothing is written. A visit whose id is known
    stays as it is, so that a batch can be sent again. One event tells of all.
    """
    rows = await visits.record_batch(ctx, call.prepared)
    known = sum(one.is_known for one in rows)
    return VisitBatch(ids=[one.visit.name for one in rows], recorded=len(rows) - known, known=known)


_PATH = "/commerce/customer/visits"
_ONE = f"{_PATH}/{{visitId}}"
_READ: dict[str, Any] = {"group": "CustomerVisit", "scope": "customer:read"}
_WRITE: dict[str, Any] = {"group": "CustomerVisit", "scope": "customer:update", "changes": True}

OPERATIONS = (
    Operation(
        id="getVisits", method="GET", path=_PATH, handler=list_visits, query=LIST, answer=VisitCollection,
        summary="List visits", **_READ,
    ),
    Operation(
        id="getVisit", method="GET", path=_ONE, handler=get_visit, query=(RESPONSE_FIELDS,), answer=Visit,
        versioned=True, summary="Read a visit", **_READ,
    ),
    Operation(
        id="addVisit", method="POST", path=_PATH, handler=add_visit, before=prepare_visit, query=(RESPONSE_FIELDS,),
        body=Visit, answer=Visit, status=201, replays="yes", versioned=True, summary="Record a visit", **_WRITE,
    ),
    Operation(
        id="addVisits", method="POST", path=f"{_PATH}/batch", handler=add_visits, before=prepare_batch,
        query=(RESPONSE_FIELDS,), body=list[Visit], answer=VisitBatch, status=201, replays="yes",
        summary="Record many visits", **_WRITE,
    ),
    Operation(
        id="updateVisit", method="PUT", path=_ONE, handler=update_visit, before=prepare_visit,
        query=(RESPONSE_FIELDS,), body=Visit, answer=Visit, versioned=True, summary="Replace a visit", **_WRITE,
    ),
)  # fmt: skip
