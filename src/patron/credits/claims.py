"""Claims: a shopper makes a credit that nobody has yet the own one, by its code (Kibo behaviour 11)."""

from datetime import timedelta

from patron.credits import queries
from patron.credits.actions import move, record
from patron.credits.model import Credit
from patron.credits.queries import COLUMNS
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Forbidden, NotFound, PatronError, Refused, TooMany, Unauthenticated, check_version

FAILURES_MAX = 10
FAILURES_WITHIN = timedelta(hours=1)


async def claim(ctx: Ctx, code: str, *, expect: frozenset[int] | None = None) -> Credit | PatronError:
    """Give an unclaimed credit to the shopper who is calling; one's own stays as it is.

    Answers why not for an unknown code (NotFound) and a credit that somebody has (Refused): that is counted, and after
    ten such in an hour nobody goes on guessing (TooMany is raised). Raises Stale, and Unauthenticated or Forbidden
    without a shopper who has an account.
    """
    if ctx.actor.kind != "shopper":
        raise Unauthenticated("A shopper's token is needed: x-vol-user-claims.")
    account_id = ctx.actor.account_id
    if account_id is None:
        raise Forbidden("An anonymous shopper has no account that a credit could belong to.")
    await _check_failures(ctx, account_id)
    try:
        before = await queries.by_code(ctx, code, lock=True)
    except NotFound as error:
        return await _failed(ctx, account_id, error)
    if before.account_id not in (None, account_id):
        return await _failed(ctx, account_id, Refused("credit_claimed", "This credit belongs to somebody else."))
    check_version(before.version, expect)
    if before.account_id == account_id:
        return before
    await move(ctx, before, account_id)
    row = await ctx.db.row(
        f"""
        update credit c set version = c.version + 1, account_id = $3, updated_at = $4, updated_by = $5
        where c.tenant_id = $1 and c.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        before.id,
        account_id,
        ctx.now,
        ctx.actor.name,
    )
    assert row is not None
    after = Credit(*row)
    await record(ctx, "credit.claimed", before, after)
    return after


async def _check_failures(ctx: Ctx, account_id: int) -> None:
    """Raise TooMany for who has guessed too often."""
    failures = await ctx.db.value(
        """
        select count(*) from event
        where tenant_id = $1 and account_id = $2 and topic = 'credit.claim_failed' and at > $3
        """,
        ctx.tenant_id,
        account_id,
        ctx.now - FAILURES_WITHIN,
    )
    if failures >= FAILURES_MAX:
        retry_after = int(FAILURES_WITHIN.total_seconds())
        raise TooMany("Too many codes that led to nothing; try again later.", retry_after=retry_after)


async def _failed(ctx: Ctx, account_id: int, error: PatronError) -> PatronError:
    await events.record(ctx, "credit.claim_failed", account_id=account_id)
    return error
