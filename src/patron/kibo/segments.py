"""The segments of an account, in this dialect (Kibo behaviour 10)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kibo.account_bodies import CustomerCustomerSegment, shown_segment
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, ask
from patron.kibo.wire import Paged
from patron.segments import queries
from patron.web.operations import Call, Operation


class CustomerSegmentCollection(Paged):
    """A page of segments."""

    items: list[CustomerCustomerSegment] | None = None


NAMES = {
    "id": "id",
    "code": "code",
    "name": "name",
    "description": "description",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}


async def list_segments(ctx: Ctx, call: Call) -> Any:
    """The segments that the account is in."""
    wanted = ask(call, NAMES, queries.FIELDS)
    page = await queries.list_of(ctx, call.account_id, wanted)
    return collection(CustomerSegmentCollection, wanted, page, shown_segment)


OPERATIONS = (
    Operation(
        "CustomerAccount", "getAccountSegments", "GET", "/commerce/customer/accounts/{accountId}/segments",
        list_segments, scope="customer:read", shopper="own", query=LIST,
        answer=CustomerSegmentCollection, summary="List the segments of an account",
    ),
)  # fmt: skip
