"""When rules cannot be evaluated: finds the ones at fault and lets them rest, so that the others go on."""

from datetime import timedelta

from patron.kernel.context import Ctx
from patron.kernel.errors import PatronError, Retry
from patron.kernel.sql import Statement
from patron.segments import fields as rule_fields
from patron.segments.evaluation import Scope, TroubleError, of
from patron.segments.rules import Rule, to_json

RETRY_AFTER = timedelta(minutes=5)


async def set_aside(ctx: Ctx, trouble: TroubleError) -> list[int]:
    """Mark each rule that fails by itself over the same accounts; it is filled anew after a while.

    Answers the segments whose rules these are; empty when it was none of them.
    """
    failed = []
    for rule in trouble.rules:
        if (fault := await _fault(ctx, rule, trouble.scope)) is not None:
            failed.append(rule.segment_id)
            await ctx.db.execute(
                """
                update segment_rule set state = 'failed', error = $3, retry_at = $4
                where tenant_id = $1 and segment_id = $2 and tree = $5
                """,
                ctx.tenant_id,
                rule.segment_id,
                fault,
                ctx.now + RETRY_AFTER,
                to_json(rule.tree),
            )
    return failed


async def _fault(ctx: Ctx, rule: Rule, scope: Scope) -> str | None:
    """Why the rule cannot be evaluated, as far as callers may know; the log has the rest."""
    try:
        fields = await rule_fields.of_rules(ctx, [rule.tree])
        statement = Statement(ctx.tenant_id, *scope.values, now=ctx.now)
        where = statement.where(rule.tree, fields)
        await ctx.db.value(
            f"select count(*) from account a where a.tenant_id = $1 and {of(scope, 'a.id')} and {where}",
            *statement.args,
        )
    except (PatronError, Retry):
        raise
    except KeyError as error:
        return f"The rule asks about {error.args[0]}, which is not there any more."
    except Exception as error:
        return f"The rule cannot be evaluated ({type(error).__name__})."
    return None


async def try_again(ctx: Ctx) -> int:
    """Have rules that failed a while ago filled anew. Answers how many."""
    return await ctx.db.execute(
        """
        update segment_rule set state = 'filling', last_id = null, after_xid = pg_current_xact_id()::text::bigint
        where tenant_id = $1 and state = 'failed' and retry_at <= $2
        """,
        ctx.tenant_id,
        ctx.now,
    )
