"""What becomes of a payment: captured, voided, refunded. Its row is locked first, so each amount is moved once.

What was captured can be refunded, to the credits that it came from, and never more than was captured.
"""

from decimal import Decimal

from patron.credits import ledger
from patron.credits.model import Payment, allotted, checked_amount, checked_reference, money
from patron.credits.payment_queries import COLUMNS, lots
from patron.credits.payments import record
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, KeyReused, NotFound, Problem, Refused


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
    after = await change(ctx, "capture", payment, amount_minor, note)
    if is_final and after.held_minor:
        rest = ledger.Note(payment_id=payment.id, order_id=payment.order_id)
        after = await change(ctx, "release", after, after.held_minor, rest)
    await record(ctx, "payment.captured", payment, after)
    return after


async def void(ctx: Ctx, payment_id: int) -> Payment:
    """Let go of what is still on hold. Doing it again changes nothing. Raises NotFound, and Refused without a hold."""
    payment = await _locked(ctx, payment_id)
    if not payment.is_hold:
        raise Refused("payment_not_held", "This payment was never a hold; refund it instead.")
    if not payment.held_minor:
        return payment
    note = ledger.Note(payment_id=payment.id, order_id=payment.order_id)
    after = await change(ctx, "release", payment, payment.held_minor, note)
    await record(ctx, "payment.voided", payment, after)
    return after


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
    after = await change(ctx, "refund", payment, amount_minor, note)
    await record(ctx, "payment.refunded", payment, after)
    return after


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


async def change(ctx: Ctx, kind: str, payment: Payment, amount_minor: int, note: ledger.Note) -> Payment:
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
    row = await ctx.db.row(
        f"""
        update credit_payment p set version = version + 1, {less}{target}_minor = {target}_minor + $3,
               updated_at = $4, updated_by = $5
        where p.tenant_id = $1 and p.id = $2 returning {COLUMNS}
        """,
        ctx.tenant_id,
        payment.id,
        amount_minor,
        ctx.now,
        ctx.actor.name,
    )
    assert row is not None
    return Payment(*row)
