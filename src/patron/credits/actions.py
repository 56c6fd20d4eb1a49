"""Changes of a credit itself: made, changed, claimed, removed, and moved by hand (Kibo behaviour 11)."""

from patron.credits import ledger, mails, queries
from patron.credits.model import CUSTOM_KIND_LENGTH_MAX, Credit, Details, New, Share, checked, checked_text, paths
from patron.credits.queries import COLUMNS
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, Problem, Refused, check_version
from patron.kernel.values import name_key

FALLBACK_CURRENCY = "USD"


async def create(ctx: Ctx, details: Details, *, user_id: str | None = None) -> Credit:
    """A new credit; its customer gets a mail (`user_id`: who of the account's users).

    Raises Invalid, NotFound for an unknown account or user, Taken for a code in use.
    """
    new = checked(details, currency=ctx.site.currency if ctx.site else FALLBACK_CURRENCY, now=ctx.now)
    if new.account_id is not None:
        await ensure_balance(ctx, new.account_id, new.currency)
    credit_id = await _insert(ctx, new)
    (posted,) = await ledger.post(ctx, "issue", [Share(credit_id, new.initial_minor)])
    await record(ctx, "credit.created", None, posted.credit)
    await mails.issued(ctx, posted.credit, user_id=user_id)
    return posted.credit


async def ensure_balance(ctx: Ctx, account_id: int, currency: str) -> None:
    """See to it that the account has a balance in this currency. Raises NotFound for an unknown account."""
    await ctx.db.execute(
        """
        insert into credit_balance (tenant_id, account_id, currency) values ($1, $2, $3)
        on conflict (tenant_id, account_id, currency) do nothing
        """,
        ctx.tenant_id,
        account_id,
        currency,
    )


async def _insert(ctx: Ctx, new: New) -> int:
    return int(
        await ctx.db.value(
            """
            insert into credit (tenant_id, code, code_key, kind, custom_kind, account_id, currency, initial_minor,
                                activates_at, expires_at, created_at, created_by, updated_at, updated_by)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11, $12) returning id
            """,
            ctx.tenant_id,
            new.code,
            name_key(new.code),
            new.kind,
            new.custom_kind,
            new.account_id,
            new.currency,
            new.initial_minor,
            new.activates_at,
            new.expires_at,
            ctx.now,
            ctx.actor.name,
        )
    )


async def update(ctx: Ctx, code: str, details: Details, *, expect: frozenset[int] | None = None) -> Credit:
    """Change when a credit is good, what it is called, and whose it is; what is left out stays as it is.

    What has expired comes back when the credit is prolonged. Raises NotFound, Stale, Invalid, and Refused for what
    never changes: code, type, currency, initial balance, and the activation date of an active credit.
    """
    before = await queries.by_code(ctx, code, lock=True)
    check_version(before.version, expect)
    _check_fixed(ctx, before, details)
    problems: list[Problem] = []
    custom_kind = checked_text("custom_credit_type", details.custom_kind, CUSTOM_KIND_LENGTH_MAX, problems)
    activates_at = details.activates_at or before.activates_at
    expires_at = details.expires_at or before.expires_at
    if expires_at <= activates_at:
        problems.append(Problem("expiration_date", "is not after the activation date"))
    if problems:
        raise Invalid(*problems)
    if details.account_id is not None and details.account_id != before.account_id:
        await move(ctx, before, details.account_id)
    row = await ctx.db.row(
        f"""
        update credit c set version = c.version + 1, custom_kind = $3, activates_at = $4, expires_at = $5,
               account_id = $6, lapsed_at = case when $5::timestamptz > $7::timestamptz then null else c.lapsed_at end,
               updated_at = $7, updated_by = $8
        where c.tenant_id = $1 and c.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        before.id,
        custom_kind or before.custom_kind,
        activates_at,
        expires_at,
        details.account_id or before.account_id,
        ctx.now,
        ctx.actor.name,
    )
    assert row is not None
    after = Credit(*row)
    if after.expired_minor and after.expires_at > ctx.now:
        (posted,) = await ledger.post(ctx, "reinstatement", [Share(after.id, after.expired_minor)])
        after = posted.credit
    if await record(ctx, "credit.updated", before, after):
        if after.account_id == before.account_id:
            await mails.changed(ctx, after)
        else:
            await mails.issued(ctx, after)
    return after


def _check_fixed(ctx: Ctx, before: Credit, details: Details) -> None:
    """Refuse what never changes (Kibo behaviour 11)."""
    given: dict[str, tuple[object, object]] = {
        "code": (details.code and name_key(details.code), name_key(before.code)),
        "credit type": (details.kind and details.kind.strip().lower(), before.kind.lower()),
        "currency": (details.currency and details.currency.strip().upper(), before.currency),
        "initial balance": (details.initial, before.initial),
    }
    if before.activates_at <= ctx.now:
        given["activation date"] = (details.activates_at, before.activates_at)
    for name, (wanted, stored) in given.items():
        if wanted is not None and wanted != "" and wanted != stored:
            raise Refused("credit_fixed", f"The {name} of a credit cannot be changed.")


async def move(ctx: Ctx, credit: Credit, account_id: int) -> None:
    """Bring what a locked credit holds from its account's balance to another's. The caller sets the account."""
    await ensure_balance(ctx, account_id, credit.currency)
    await ctx.db.fetch(
        """
        select account_id from credit_balance where tenant_id = $1 and account_id = any($2) and currency = $3
        order by account_id for update
        """,
        ctx.tenant_id,
        [account_id, credit.account_id or account_id],
        credit.currency,
    )
    await _add_to_balance(ctx, credit, account_id, 1)
    if credit.account_id is not None:
        await _add_to_balance(ctx, credit, credit.account_id, -1)


async def _add_to_balance(ctx: Ctx, credit: Credit, account_id: int, sign: int) -> None:
    await ctx.db.execute(
        """
        update credit_balance set available_minor = available_minor + $4, held_minor = held_minor + $5
        where tenant_id = $1 and account_id = $2 and currency = $3
        """,
        ctx.tenant_id,
        account_id,
        credit.currency,
        sign * credit.available_minor,
        sign * credit.held_minor,
    )


async def delete(ctx: Ctx, code: str, *, expect: frozenset[int] | None = None) -> None:
    """Remove a credit of which nothing was ever spent. Its entries stay, and another takes back what was issued.

    Raises NotFound, Stale, Refused.
    """
    before = await queries.by_code(ctx, code, lock=True)
    check_version(before.version, expect)
    if await ctx.db.value(
        """
        select exists (select from credit_entry n where n.tenant_id = $1 and n.credit_id = $2
                       and n.kind in ('debit', 'hold'))
        """,
        ctx.tenant_id,
        before.id,
    ):
        raise Refused("credit_used", "A credit that was used cannot be deleted; let it expire instead.")
    for kind, amount_minor in (
        ("reinstatement", before.expired_minor),
        ("deletion", before.balance_minor + before.expired_minor),
    ):
        if amount_minor:
            await ledger.post(ctx, kind, [Share(before.id, amount_minor)])
    await ctx.db.execute(
        """
        update credit set version = version + 1, deleted_at = $3, account_id = null, updated_at = $3, updated_by = $4
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        before.id,
        ctx.now,
        ctx.actor.name,
    )
    await record(ctx, "credit.deleted", before, None)


async def record(ctx: Ctx, topic: str, before: Credit | None, after: Credit | None) -> bool:
    """The event of a change; whether there was one."""
    credit = after or before
    assert credit is not None
    subject = f"credit/{credit.id}"
    changes = events.difference(before, after, paths(credit.id))
    if not changes:
        return False
    if before and after and before.account_id not in (None, after.account_id):
        left: events.Changes = {f"{subject}/balance": (before.balance, None)}
        await events.record(ctx, "credit.left", account_id=before.account_id, subject=subject, changes=left)
    await events.record(ctx, topic, account_id=credit.account_id, subject=subject, changes=changes)
    return True
