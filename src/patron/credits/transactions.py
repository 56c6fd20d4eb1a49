"""Movements of one credit by its code: a debit, or a credit that raises it (Kibo behaviour 11)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from patron.credits import ledger, mails, queries
from patron.credits.model import (
    COMMENTS_LENGTH_MAX,
    Credit,
    Share,
    checked_amount,
    checked_reference,
    checked_text,
    money,
)
from patron.credits.queries import Entry
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, KeyReused, Problem, Refused
from patron.kernel.values import from_minor, holds_card_number

DATA_BYTES_MAX = 4_096
KINDS = ("debit", "credit")

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A movement as a caller wrote it. `key` is the caller's own name for it: on this credit it happens once."""

    kind: str | None = None
    amount: Decimal | None = None
    order_id: str | None = None
    comments: str | None = None
    data: object = None
    key: str | None = None


async def add(ctx: Ctx, code: str, movement: Movement) -> Entry:
    """Take from a credit, or add to it. Raises NotFound, Invalid, Refused, KeyReused.

    The credit is locked first. One statement then checks and moves, with the event of it riding along.
    """
    credit = await queries.by_code(ctx, code, lock=True)
    kind, amount_minor, note = _checked(movement, credit)
    if note.key is not None:
        known = await _known(ctx, credit, note)
        if known is not None:
            return known
    sign = 1 if kind == "credit" else -1
    after_minor = credit.balance_minor + sign * amount_minor
    await events.record(
        ctx,
        "credit.credited" if kind == "credit" else "credit.debited",
        account_id=credit.account_id,
        subject=f"credit/{credit.id}",
        changes={f"credit/{credit.id}/balance": (credit.balance, from_minor(after_minor, credit.currency))},
    )
    posted = await ledger.post(ctx, kind, [Share(credit.id, amount_minor)], note)
    if not posted:
        raise refusal(credit, kind, amount_minor, ctx)
    after = posted[0].credit
    if kind == "credit":
        await mails.changed(ctx, after)
    return Entry(
        id=posted[0].entry_id,
        kind=kind,
        sign=sign,
        amount_minor=amount_minor,
        balance_minor=after.balance_minor,
        currency=after.currency,
        payment_id=None,
        order_id=note.order_id,
        comments=note.comments,
        data=note.data,
        key=note.key,
        at=ctx.now,
        by=ctx.actor.name,
    )


def _checked(movement: Movement, credit: Credit) -> tuple[str, int, ledger.Note]:
    problems: list[Problem] = []
    kind = (movement.kind or "").strip().lower()
    if kind not in KINDS:
        problems.append(Problem("transaction_type", "is Debit or Credit"))
    amount_minor = checked_amount("impact_amount", movement.amount, credit.currency, problems)
    comments = checked_text("comments", movement.comments, COMMENTS_LENGTH_MAX, problems)
    order_id = checked_reference("order_id", movement.order_id, problems)
    key = checked_reference("key", movement.key, problems)
    if len(_ENCODER.encode(movement.data)) > DATA_BYTES_MAX:
        problems.append(Problem("data", f"has at most {DATA_BYTES_MAX} bytes", "too_long"))
    elif any(holds_card_number(text) for text in _texts(movement.data)):
        problems.append(Problem("data", "must not hold a card number"))
    if problems:
        raise Invalid(*problems)
    fingerprint = f"{kind} {amount_minor}" if key else None
    note = ledger.Note(order_id=order_id, comments=comments, data=movement.data, key=key, fingerprint=fingerprint)
    return kind, amount_minor, note


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


async def _known(ctx: Ctx, credit: Credit, note: ledger.Note) -> Entry | None:
    """The movement that this key made before; the credit is locked. Raises KeyReused if it was another one."""
    row = await ctx.db.row(
        """
        select id, fingerprint from credit_entry
        where tenant_id = $1 and credit_id = $2 and payment_id is null and key = $3
        """,
        ctx.tenant_id,
        credit.id,
        note.key,
    )
    if row is None:
        return None
    if row["fingerprint"] != note.fingerprint:
        raise KeyReused("This key named another transaction of this credit.")
    return await queries.entry(ctx, row["id"])


def refusal(credit: Credit, kind: str, amount_minor: int, ctx: Ctx) -> Refused:
    """Why a credit did not take a movement."""
    if credit.expires_at <= ctx.now:
        return Refused("credit_expired", "This credit has expired.")
    if kind != "credit" and credit.activates_at > ctx.now:
        return Refused("credit_inactive", "This credit is not active yet.")
    there = money(credit.available_minor, credit.currency)
    return Refused("balance_too_low", f"This credit has {there} to spend, not {money(amount_minor, credit.currency)}.")
