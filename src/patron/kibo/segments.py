"""Segments, and who is in them, in this dialect (Kibo behaviour 10)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kernel.query import Filter
from patron.kibo.account_bodies import CustomerCustomerSegment, shown_segment
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, ask
from patron.kibo.rule_bodies import SegmentRule
from patron.kibo.rule_words import named, shown
from patron.kibo.rule_words import read as read_rule
from patron.kibo.wire import Int32, Paged, Time, Wire, time
from patron.segments import actions, queries, rule_actions, rule_queries
from patron.segments.model import Details, Member, Segment
from patron.web.operations import Answer, Call, Operation


class CustomerSegmentCollection(Paged):
    """A page of segments."""

    items: list[CustomerCustomerSegment] | None = None


class SegmentMember(Wire):
    """An account in a segment: since when, and who put it there."""

    account_id: Int32 = 0
    added_by: str | None = None
    since_date: Time | None = None


class SegmentMemberCollection(Paged):
    """A page of a segment's members."""

    items: list[SegmentMember] | None = None


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
MEMBER_NAMES = {"accountid": "account_id", "sincedate": "since_at", "addedby": "added_by"}


def read(body: CustomerCustomerSegment) -> Details:
    """What a caller wrote; a client's id is ignored."""
    return Details(code=body.code, name=body.name, description=body.description)


def shown_member(member: Member) -> SegmentMember:
    """A member as this dialect shows it."""
    return SegmentMember(account_id=member.account_id, added_by=member.added_by, since_date=time(member.since_at))


async def list_of_account(ctx: Ctx, call: Call) -> Any:
    """The segments that the account is in."""
    wanted = ask(call, NAMES, queries.FIELDS)
    page = await queries.list_of(ctx, call.account_id, wanted)
    return collection(CustomerSegmentCollection, wanted, page, shown_segment)


async def list_segments(ctx: Ctx, call: Call) -> Any:
    """All segments of the shop."""
    wanted = ask(call, NAMES, queries.FIELDS)
    page = await queries.every(ctx, wanted)
    states = await rule_queries.states(ctx, [segment.id for segment in page.items])
    rules = {segment_id: shown(state) for segment_id, state in states.items()}
    return collection(CustomerSegmentCollection, wanted, page, lambda one: shown_segment(one, rules.get(one.id)))


async def get_segment(ctx: Ctx, call: Call) -> Any:
    """One segment. It does not list its members."""
    return await _answer(ctx, await queries.get(ctx, _id(call)))


async def _answer(ctx: Ctx, segment: Segment) -> Answer:
    state = (await rule_queries.states(ctx, [segment.id])).get(segment.id)
    rule = shown(state) if state else None
    return Answer(shown_segment(segment, rule), version=segment.version, is_live=rule is not None)


async def add_segment(ctx: Ctx, call: Call) -> Any:
    """A new one. Without a code it gets one from its name."""
    tree = await _rule(ctx, call.body)
    return await _answer(ctx, await rule_actions.create(ctx, read(call.body), tree))


async def update_segment(ctx: Ctx, call: Call) -> Any:
    """Replace code, name and description. A rule that is left out stays."""
    tree = await _rule(ctx, call.body)
    return await _answer(ctx, await rule_actions.update(ctx, _id(call), read(call.body), tree, expect=call.expect))


async def _rule(ctx: Ctx, body: CustomerCustomerSegment) -> Filter | None:
    """The rule in the body of a segment. Raises Invalid."""
    if not isinstance(body.rule, SegmentRule):
        return None
    with named(body.rule, "rule."):
        return await rule_actions.prepared(ctx, await read_rule(ctx, body.rule))


async def delete_segment(ctx: Ctx, call: Call) -> Any:
    """Remove one, and its memberships."""
    await actions.delete(ctx, _id(call), expect=call.expect)


async def list_members(ctx: Ctx, call: Call) -> Any:
    """Who is in a segment."""
    wanted = ask(call, MEMBER_NAMES, queries.MEMBER_FIELDS)
    page = await queries.members(ctx, _id(call), wanted)
    return collection(SegmentMemberCollection, wanted, page, shown_member)


async def add_accounts(ctx: Ctx, call: Call) -> Any:
    """Put accounts in; all of them or none."""
    await actions.add_accounts(ctx, _id(call), call.body)


async def remove_account(ctx: Ctx, call: Call) -> Any:
    """Take one account out."""
    await actions.remove_account(ctx, _id(call), call.account_id)


def _id(call: Call) -> int:
    return call.id("id", "segment")


_PATH = "/commerce/customer/segments"
_ONE = f"{_PATH}/{{id}}"
_MEMBERS = f"{_ONE}/accounts"
_READ: dict[str, Any] = {"group": "CustomerSegment", "scope": "customer-segment:read"}
_WRITE: dict[str, Any] = {"group": "CustomerSegment", "scope": "customer-segment:update", "changes": True}

OPERATIONS = (
    Operation(
        "CustomerAccount", "getAccountSegments", "GET", "/commerce/customer/accounts/{accountId}/segments",
        list_of_account, scope="customer:read", shopper="own", query=LIST,
        answer=CustomerSegmentCollection, summary="List the segments of an account",
    ),
    Operation(
        id="getSegments", method="GET", path=_PATH, handler=list_segments, query=LIST,
        answer=CustomerSegmentCollection, summary="List segments", **_READ,
    ),
    Operation(
        id="getSegment", method="GET", path=_ONE, handler=get_segment, query=(RESPONSE_FIELDS,),
        answer=CustomerCustomerSegment, versioned=True, summary="Read a segment", **_READ,
    ),
    Operation(
        id="addSegment", method="POST", path=_PATH, handler=add_segment, query=(RESPONSE_FIELDS,),
        body=CustomerCustomerSegment, answer=CustomerCustomerSegment, status=201, replays="yes", versioned=True,
        summary="Add a segment", **_WRITE,
    ),
    Operation(
        id="updateSegment", method="PUT", path=_ONE, handler=update_segment, query=(RESPONSE_FIELDS,),
        body=CustomerCustomerSegment, answer=CustomerCustomerSegment, versioned=True,
        summary="Change a segment", **_WRITE,
    ),
    Operation(
        id="deleteSegment", method="DELETE", path=_ONE, handler=delete_segment, status=204, versioned=True,
        summary="Remove a segment and its memberships", **_WRITE,
    ),
    Operation(
        id="getSegmentAccounts", method="GET", path=_MEMBERS, handler=list_members, query=LIST,
        answer=SegmentMemberCollection, summary="List who is in a segment", **_READ,
    ),
    Operation(
        id="addSegmentAccounts", method="POST", path=_MEMBERS, handler=add_accounts, query=(RESPONSE_FIELDS,),
        body=list[Int32], status=201, replays="yes", summary="Put accounts in a segment", **_WRITE,
    ),
    Operation(
        id="removeSegmentAccount", method="DELETE", path=f"{_MEMBERS}/{{accountId}}", handler=remove_account,
        status=204, summary="Take an account out of a segment", **_WRITE,
    ),
)  # fmt: skip
