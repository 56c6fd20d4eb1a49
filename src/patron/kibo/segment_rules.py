"""Rules of segments, in this dialect: our own extension of the contract (docs/segments.md)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kibo.rule_bodies import RuleExplanation, RulePreview, RuleTrial, RuleVerdict, SegmentRule
from patron.kibo.rule_words import named, read, shown, shown_tree
from patron.segments import queries, rule_actions, rule_queries
from patron.segments.rule_queries import Verdict
from patron.web.operations import Answer, Call, Operation

SAMPLE_SIZE = 10


async def get_rule(ctx: Ctx, call: Call) -> Any:
    """The rule of a segment, and how far its evaluation is."""
    return await _answer(ctx, _id(call))


async def set_rule(ctx: Ctx, call: Call) -> Any:
    """Give a segment a rule, or another one. It answers at once; the segment is filled in the background."""
    with named(call.body):
        tree = await read(ctx, call.body)
        await rule_actions.save(ctx, _id(call), tree, expect=call.expect)
    return await _answer(ctx, _id(call))


async def remove_rule(ctx: Ctx, call: Call) -> Any:
    """Keep the segment by hand again. Its members stay."""
    await rule_actions.remove(ctx, _id(call), expect=call.expect)


async def preview(ctx: Ctx, call: Call) -> Any:
    """Try a rule without saving it: how many accounts it finds, and some of them."""
    size = SAMPLE_SIZE if call.body.sample_size is None else call.body.sample_size
    if not 0 <= size <= rule_queries.SAMPLE_MAX:
        raise Invalid.field("sampleSize", f"is between 0 and {rule_queries.SAMPLE_MAX}")
    with named(call.body):
        tree = await read(ctx, call.body)
        found = await rule_queries.preview(ctx, tree, size=size)
    return RulePreview(count=found.count, sample=found.sample)


async def explain(ctx: Ctx, call: Call) -> Any:
    """Why an account is in a segment or not: what each part of the rule says about it, with the values it holds."""
    ctx.require("customer:read")
    found = await rule_queries.explain(ctx, _id(call), call.account_id)
    return RuleExplanation(is_member=found.is_member, holds=found.verdict.holds, rule=_shown_verdict(found.verdict))


def _shown_verdict(verdict: Verdict) -> RuleVerdict:
    parts = [_shown_verdict(part) for part in verdict.parts]
    match verdict.kind:
        case "every":
            return RuleVerdict(holds=verdict.holds, every=parts)
        case "some":
            return RuleVerdict(holds=verdict.holds, some=parts)
        case "not":
            return RuleVerdict(holds=verdict.holds, not_=parts[0])
    assert verdict.compare is not None
    node = shown_tree(verdict.compare)
    return RuleVerdict(holds=verdict.holds, field=node.field, op=node.op, value=node.value, held=verdict.held or [])


async def _answer(ctx: Ctx, segment_id: int) -> Answer:
    segment = await queries.get(ctx, segment_id)
    state = await rule_queries.state(ctx, segment_id)
    return Answer(shown(state), version=segment.version, is_live=True)


def _id(call: Call) -> int:
    return call.id("segmentId", "segment")


_PATH = "/commerce/customer/segments"
_RULE = f"{_PATH}/{{segmentId}}/rule"
_READ: dict[str, Any] = {"group": "CustomerSegment", "scope": "customer-segment:read"}
_WRITE: dict[str, Any] = {"group": "CustomerSegment", "scope": "customer-segment:update", "changes": True}

OPERATIONS = (
    Operation(
        id="getSegmentRule", method="GET", path=_RULE, handler=get_rule, answer=SegmentRule, versioned=True,
        summary="Read a segment's rule and how far it is", **_READ,
    ),
    Operation(
        id="setSegmentRule", method="PUT", path=_RULE, handler=set_rule, body=SegmentRule, answer=SegmentRule,
        versioned=True, summary="Give a segment a rule", **_WRITE,
    ),
    Operation(
        id="removeSegmentRule", method="DELETE", path=_RULE, handler=remove_rule, status=204, versioned=True,
        summary="Remove a segment's rule", **_WRITE,
    ),
    Operation(
        id="previewSegmentRule", method="POST", path=f"{_PATH}/preview", handler=preview, body=RuleTrial,
        answer=RulePreview, summary="Try a rule", **_READ,
    ),
    Operation(
        id="explainSegmentAccount", method="GET", path=f"{_PATH}/{{segmentId}}/accounts/{{accountId}}/explanation",
        handler=explain, answer=RuleExplanation, summary="Say why an account is in a segment or not", **_READ,
    ),
)  # fmt: skip
