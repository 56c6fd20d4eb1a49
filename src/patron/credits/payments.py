"""Payments: an amount taken from a customer's credits, at once or as a hold (an extension of Kibo behaviour 11).

A payment that names the account takes from the credits that expire soonest. A hold is captured, in parts if need be,
voided, or ends by itself; what was captured can be refunded, to the credits that it came from, and never more.
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
from patron.credits.payment_queries import COLUMNS, get, lots
from patron.credits.transactions import refusal
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, KeyReused, NotFound, Problem, Refused
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
    payment_id = await _insert(ctx, checked)
    if payment_id is None:
        return await _known(ctx, checked)
    if checked.credit is not None:
        shares = [Share(checked.credit.id, checked.amount_minor)]
    else:
        shares = await _soonest(ctx, checked)
    kind = "hold" if checked.is_hold else "debit"
    note = msgspec.structs.replace(checked.note, payment_id=payment_id, key=None, fingerprint=None)
    posted = await ledger.post(ctx, kind, shares, note)
    if len(posted) < len(shares):
        assert checked.credit is not None  # the others are locked
        raise refusal(await queries.by_code(ctx, checked.credit.code), kind, checked.amount_minor, ctx)
    return await told(ctx, "payment.held" if checked.is_hold else "payment.debited", None, payment_id)


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
    if expires_at is not None and not ctx.now < expires_at <= ctx.now + HOLD_LIFE_MAX:
        problems.append(Problem("expiration_date", f"of a hold lies within the next {HOLD_LIFE_MAX.days} days"))
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


async def _insert(ctx: Ctx, checked: _Checked) -> int | None:
    """The new payment's id; None when its key made one before. A twin that is under way is waited for."""
    held, captured = (checked.amount_minor, 0) if checked.is_hold else (0, checked.amount_minor)
    found = await ctx.db.value(
        """
        insert into credit_payment (tenant_id, key, fingerprint, account_id, credit_id, currency, amount_minor,
            held_minor, captured_minor, order_id, comments, expires_at, created_at, created_by, updated_at, updated_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, $14)
        on conflict (tenant_id, key) do nothing returning id
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
    return None if found is None else int(found)


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
        order by c.id limit $5 for update
        """,
        ctx.tenant_id,
        checked.account_id,
        checked.currency,
        ctx.now,
        CREDITS_MAX,
    )
    rows = [row for row in rows if row["available_minor"]]
    there = sum(row["available_minor"] for row in rows)
    if there < checked.amount_minor:
        had, asked = money(there, checked.currency), money(checked.amount_minor, checked.currency)
        raise Refused("balance_too_low", f"This customer has {had} to spend, not {asked}.")
    rows.sort(key=lambda row: (row["expires_at"], row["id"]))
    return allotted([Share(row["id"], row["available_minor"]) for row in rows], checked.amount_minor)


async def capture(
    ctx: Ctx, payment_id: int, amount: Decimal | None = None, *, is_final: bool = False, key: str | None = None
) -> Payment:
    """Spend what is on hold, or a part of it; the rest stays on hold, unless this is the final one.

    Raises NotFound, Invalid, KeyReused, and Refused for more than is held, or when the hold has ended.
    """
    payment = await _locked(ctx, payment_id)
    note, amount_minor = _noted(payment, "capture", amount, payment.held_minor, key, is_final=is_final)
    if await _is_repeated(ctx, note, "capture"):
        return payment
    _check_open(ctx, payment, amount_minor)
    await change(ctx, "capture", payment, amount_minor, note)
    if is_final and payment.held_minor > amount_minor:
        rest = payment.held_minor - amount_minor
        await change(ctx, "release", payment, rest, ledger.Note(payment_id=payment.id, order_id=payment.order_id))
    return await told(ctx, "payment.captured", payment, payment_id)


async def void(ctx: Ctx, payment_id: int) -> Payment:
    """Let go of what is still on hold. Doing it again changes nothing. Raises NotFound, and Refused without a hold."""
    payment = await _locked(ctx, payment_id)
    if not payment.is_hold:
        raise Refused("payment_not_held", "This payment was never a hold; refund it instead.")
    if payment.held_minor:
        note = ledger.Note(payment_id=payment.id, order_id=payment.order_id)
        await change(ctx, "release", payment, payment.held_minor, note)
    return await told(ctx, "payment.voided", payment, payment_id)


async def refund(ctx: Ctx, payment_id: int, amount: Decimal | None = None, *, key: str | None = None) -> Payment:
    """Give back what was captured, or a part of it, to the credits that it came from: what was spent last comes first.

    A credit that has expired meanwhile is good for another 30 days then. Raises NotFound, Invalid, KeyReused, and
    Refused for more than is left of what was captured.
    """
    payment = await _locked(ctx, payment_id)
    left = payment.captured_minor - payment.refunded_minor
    note, amount_minor = _noted(payment, "refund", amount, left, key)
    if await _is_repeated(ctx, note, "refund"):
        return payment
    if not 0 < amount_minor <= left:
        raise Refused("refund_too_high", f"{money(left, payment.currency)} of this payment can be refunded.")
    await change(ctx, "refund", payment, amount_minor, note)
    return await told(ctx, "payment.refunded", payment, payment_id)


async def _locked(ctx: Ctx, payment_id: int) -> Payment:
    row = await ctx.db.row(
        f"select {COLUMNS} from credit_payment p where p.tenant_id = $1 and p.id = $2 for update",
        ctx.tenant_id,
        payment_id,
    )
    if row is None:
        raise NotFound("payment", payment_id)
    return Payment(*row)


def _noted(
    payment: Payment, kind: str, amount: Decimal | None, rest: int, key: str | None, *, is_final: bool = False
) -> tuple[ledger.Note, int]:
    """What the entries will say, and the amount in minor units: all that is left, unless the caller said less."""
    problems: list[Problem] = []
    key = checked_reference("key", key, problems)
    amount_minor = rest if amount is None else checked_amount("amount", amount, payment.currency, problems)
    if problems:
        raise Invalid(*problems)
    asked = "all" if amount is None else amount_minor
    fingerprint = f"{kind} {asked} {is_final}" if key else None
    note = ledger.Note(payment_id=payment.id, order_id=payment.order_id, key=key, fingerprint=fingerprint)
    return note, amount_minor


async def _is_repeated(ctx: Ctx, note: ledger.Note, kind: str) -> bool:
    """Whether this key did the same to the locked payment before. Raises KeyReused when it was another thing."""
    if note.key is None:
        return False
    found = await ctx.db.value(
        """
        select fingerprint from credit_entry
        where tenant_id = $1 and payment_id = $2 and kind = $3 and key = $4 limit 1
        """,
        ctx.tenant_id,
        note.payment_id,
        kind,
        note.key,
    )
    if found is not None and found != note.fingerprint:
        raise KeyReused(f"This key named another {kind} of this payment.")
    return found is not None


def _check_open(ctx: Ctx, payment: Payment, amount_minor: int) -> None:
    if payment.held_minor and payment.has_ended(ctx.now):
        raise Refused("hold_ended", "This hold has ended.")
    if not 0 < amount_minor <= payment.held_minor:
        raise Refused("capture_too_high", f"{money(payment.held_minor, payment.currency)} of this payment are on hold.")


# How a change moves the sums of the payment itself: out of one, into another. A refund leaves the captured amount.
_SUMS = {"capture": ("held", "captured"), "release": ("held", "released"), "refund": (None, "refunded")}


async def change(ctx: Ctx, kind: str, payment: Payment, amount_minor: int, note: ledger.Note) -> None:
    """Write the entries of a change of a locked payment, and keep its sums. The caller knows that there is enough.

    What was spent comes back in the opposite order.
    """
    there = await lots(ctx, payment.id, ledger.POSTINGS[kind].source)
    shares = allotted(there[::-1] if kind == "refund" else there, amount_minor)
    if len(shares) > 1:
        await ledger.lock(ctx, [share.credit_id for share in shares])
    posted = await ledger.post(ctx, kind, shares, note)
    assert len(posted) == len(shares), "a payment has what its entries say"
    source, target = _SUMS[kind]
    less = f"{source}_minor = {source}_minor - $3, " if source else ""
    await ctx.db.execute(
        f"""
        update credit_payment set version = version + 1, {less}{target}_minor = {target}_minor + $3,
               updated_at = $4, updated_by = $5
        where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        payment.id,
        amount_minor,
        ctx.now,
        ctx.actor.name,
    )


async def told(ctx: Ctx, topic: str, before: Payment | None, payment_id: int) -> Payment:
    """The payment as it is now, after recording the event of what changed."""
    after = await get(ctx, payment_id)
    sums = {
        f"payment/{payment_id}/{name}": tuple(
            from_minor(getattr(one, f"{name}_minor") if one else 0, after.currency) for one in (before, after)
        )
        for name in ("held", "captured", "released", "refunded")
    }
    changes: events.Changes = {path: (old, new) for path, (old, new) in sums.items() if old != new}
    if changes:
        await events.record(ctx, topic, account_id=after.account_id, subject=f"payment/{payment_id}", changes=changes)
    return after
