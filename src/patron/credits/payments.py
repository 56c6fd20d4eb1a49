"""Payments: an amount taken from a customer's credits, at once or as a hold (an extension of Kibo behaviour 11).

A payment that names the account takes from the credits that expire soonest. What becomes of a hold stands in `holds`.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from patron.accounts import queries as accounts
from patron.credits import ledger, queries
from patron.credits.model import (
    COMMENTS_LENGTH_MAX,
    Credit,
    Payment,
    Share,
    allotted,
    checked_amount,
    checked_reference,
    checked_text,
    money,
)
from patron.credits.payment_queries import COLUMNS, get
from patron.credits.transactions import refusal
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, KeyReused, Problem, Refused
from patron.kernel.values import check_currency, from_minor

HOLD_LIFE = timedelta(days=7)
HOLD_LIFE_MAX = timedelta(days=366)
CREDITS_MAX = 1_000  # of an account that one payment may draw upon


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as a caller asks for it: of one credit, by its code, or of all credits of an account."""

    code: str | None = None
    account_id: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    is_hold: bool = False
    order_id: str | None = None
    comments: str | None = None
    key: str | None = None
    expires_at: datetime | None = None


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    credit: Credit | None
    account_id: int | None
    currency: str
    amount_minor: int
    is_hold: bool
    note: ledger.Note
    expires_at: datetime | None


async def pay(ctx: Ctx, wanted: Wanted) -> Payment:
    """Take an amount from credits, or hold it. A key that was used before gives the payment that it made.

    Raises Invalid, NotFound, KeyReused, and Refused when there is not enough.
    """
    checked = await _checked(ctx, wanted)
    payment = await _insert(ctx, checked)
    if payment is None:
        return await _known(ctx, checked)
    if checked.expires_at is not None and not ctx.now < checked.expires_at <= ctx.now + HOLD_LIFE_MAX:
        raise Invalid.field("expiration_date", f"of a hold lies within the next {HOLD_LIFE_MAX.days} days")
    if checked.credit is not None:
        shares = [Share(checked.credit.id, checked.amount_minor)]
    else:
        shares = await _soonest(ctx, checked)
    kind = "hold" if checked.is_hold else "debit"
    note = msgspec.structs.replace(checked.note, payment_id=payment.id, key=None, fingerprint=None)
    posted = await ledger.post(ctx, kind, shares, note)
    if len(posted) < len(shares):
        assert checked.credit is not None  # the others are locked
        raise refusal(await queries.by_code(ctx, checked.credit.code), kind, checked.amount_minor, ctx)
    await record(ctx, "payment.held" if checked.is_hold else "payment.debited", None, payment)
    return payment


async def _checked(ctx: Ctx, wanted: Wanted) -> _Checked:
    if bool(wanted.code) == (wanted.account_id is not None):
        raise Invalid.field("customer_id", "or code is needed, one of them")
    problems: list[Problem] = []
    currency = ctx.site.currency if ctx.site else None
    if wanted.currency:
        try:
            currency = check_currency(wanted.currency)
        except ValueError as error:
            raise Invalid.field("currency", str(error)) from None
    credit = await queries.by_code(ctx, wanted.code) if wanted.code else None
    if credit is not None:
        if wanted.currency and currency != credit.currency:
            raise Invalid.field("currency", f"is not the credit's, {credit.currency}")
        currency = credit.currency
    else:
        assert wanted.account_id is not None
        await accounts.require(ctx, wanted.account_id)
    if currency is None:
        raise Invalid.field("currency", "is needed")
    amount_minor = checked_amount("amount", wanted.amount, currency, problems)
    source = f"credit {credit.id}" if credit else f"account {wanted.account_id}"
    note = ledger.Note(
        order_id=checked_reference("order_id", wanted.order_id, problems),
        comments=checked_text("comments", wanted.comments, COMMENTS_LENGTH_MAX, problems),
        key=checked_reference("key", wanted.key, problems),
        fingerprint=f"{source} {amount_minor} {currency} {wanted.is_hold}",
    )
    expires_at = (wanted.expires_at or ctx.now + HOLD_LIFE) if wanted.is_hold else None
    if problems:
        raise Invalid(*problems)
    return _Checked(
        credit=credit,
        account_id=credit.account_id if credit else wanted.account_id,
        currency=currency,
        amount_minor=amount_minor,
        is_hold=wanted.is_hold,
        note=note,
        expires_at=expires_at,
    )


async def _insert(ctx: Ctx, checked: _Checked) -> Payment | None:
    """The new payment; None when its key made one before. A twin that is under way is waited for."""
    held, captured = (checked.amount_minor, 0) if checked.is_hold else (0, checked.amount_minor)
    row = await ctx.db.row(
        f"""
        insert into credit_payment as p (tenant_id, key, fingerprint, account_id, credit_id, currency, amount_minor,
            held_minor, captured_minor, order_id, comments, expires_at, created_at, created_by, updated_at, updated_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, $14)
        on conflict (tenant_id, key) do nothing returning {COLUMNS}
        """,
        ctx.tenant_id,
        checked.note.key,
        checked.note.fingerprint,
        checked.account_id,
        checked.credit.id if checked.credit else None,
        checked.currency,
        checked.amount_minor,
        held,
        captured,
        checked.note.order_id,
        checked.note.comments,
        checked.expires_at,
        ctx.now,
        ctx.actor.name,
    )
    return Payment(*row) if row else None


async def _known(ctx: Ctx, checked: _Checked) -> Payment:
    row = await ctx.db.row(
        "select id, fingerprint from credit_payment where tenant_id = $1 and key = $2", ctx.tenant_id, checked.note.key
    )
    assert row is not None
    if row["fingerprint"] != checked.note.fingerprint:
        raise KeyReused("This key named another payment.")
    return await get(ctx, row["id"])


async def _soonest(ctx: Ctx, checked: _Checked) -> list[Share]:
    """The account's credits that cover the amount, those that expire soonest first; all of them are locked."""
    rows = await ctx.db.fetch(
        """
        select c.id, c.available_minor, c.expires_at from credit c
        where c.tenant_id = $1 and c.account_id = $2 and c.currency = $3 and c.available_minor > 0
          and c.activates_at <= $4 and c.expires_at > $4 and c.deleted_at is null
          and c.id = any(array(
              select s.id from credit s where s.tenant_id = $1 and s.account_id = $2 and s.currency = $3
                and s.available_minor > 0 and s.activates_at <= $4 and s.expires_at > $4 and s.deleted_at is null
              order by s.expires_at, s.id limit $5))
        order by c.id for update
        """,
        ctx.tenant_id,
        checked.account_id,
        checked.currency,
        ctx.now,
        CREDITS_MAX,
    )
    there = sum(row["available_minor"] for row in rows)
    if there < checked.amount_minor:
        had, asked = money(there, checked.currency), money(checked.amount_minor, checked.currency)
        raise Refused("balance_too_low", f"This customer has {had} to spend, not {asked}.")
    rows.sort(key=lambda row: (row["expires_at"], row["id"]))
    return allotted([Share(row["id"], row["available_minor"]) for row in rows], checked.amount_minor)


async def record(ctx: Ctx, topic: str, before: Payment | None, after: Payment) -> None:
    """The event of what changed: how the payment's sums were, and how they are."""
    changes: events.Changes = {}
    for name in ("held", "captured", "released", "refunded"):
        old, new = (getattr(one, f"{name}_minor") if one else 0 for one in (before, after))
        if old != new:
            amounts = (from_minor(old, after.currency), from_minor(new, after.currency))
            changes[f"payment/{after.id}/{name}"] = amounts
    await events.record(ctx, topic, account_id=after.account_id, subject=f"payment/{after.id}", changes=changes)
