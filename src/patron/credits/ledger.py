"""The ledger: the one place that writes entries and moves the books.

An entry takes an amount out of one book of a credit and puts it into another, in the same statement that keeps the
books, the entry's number and the customer's balance. Entries are never changed; what was wrong is set right by another.
"""

from collections.abc import Sequence
from functools import cache

import msgspec

from patron.credits.model import Credit, Share
from patron.credits.queries import COLUMNS
from patron.kernel.context import Ctx
from patron.kernel.db import Row


class Posting(msgspec.Struct, frozen=True):
    """A kind of entry: the books that it moves between, on what condition (`$4` is now), and what it changes beside."""

    source: str
    target: str
    when: str = ""
    also: str = ""


_USABLE = "c.activates_at <= $4::timestamptz and c.expires_at > $4::timestamptz"
# What comes back to a credit is seen by the expiry job again; a refund is never lost to an expiry that has passed.
_SEEN_AGAIN = "lapsed_at = null"
REFUND_GRACE_DAYS = 30

POSTINGS: dict[str, Posting] = {
    "issue": Posting("issued", "available"),
    "credit": Posting("issued", "available", when="c.expires_at > $4::timestamptz"),
    "debit": Posting("available", "redeemed", when=_USABLE),
    "hold": Posting("available", "held", when=_USABLE),
    "capture": Posting("held", "redeemed"),
    "release": Posting("held", "available", also=_SEEN_AGAIN),
    "refund": Posting(
        "redeemed",
        "available",
        also=f"""{_SEEN_AGAIN}, expires_at = case when c.expires_at <= $4::timestamptz
            then $4::timestamptz + interval '{REFUND_GRACE_DAYS} days' else c.expires_at end""",
    ),
    "expiry": Posting("available", "expired", also="lapsed_at = $4::timestamptz"),
    "reinstatement": Posting("expired", "available", also=_SEEN_AGAIN),
    "deletion": Posting("available", "issued"),
}


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says beside its amount."""

    payment_id: int | None = None
    order_id: str | None = None
    comments: str | None = None
    data: object = None
    key: str | None = None
    fingerprint: str | None = None


NOTHING = Note()


class Posted(msgspec.Struct, frozen=True):
    """An entry that was just written, with the credit as it is now."""

    entry_id: int
    amount_minor: int
    credit: Credit


async def post(ctx: Ctx, kind: str, shares: Sequence[Share], note: Note = NOTHING) -> list[Posted]:
    """Write an entry of a kind for each share. Answers those that could be written.

    A share whose book holds too little is left out, and so is one of a credit that is not usable where it must be: the
    caller compares the lengths, and refuses. Several credits are to be locked by the caller (`lock`). What is queued
    rides along.
    """
    rows = await ctx.db.last_fetch(
        _statement(kind),
        ctx.tenant_id,
        [share.credit_id for share in shares],
        [share.amount_minor for share in shares],
        ctx.now,
        ctx.actor.name,
        note.payment_id,
        note.order_id,
        note.comments,
        note.data,
        note.key,
        note.fingerprint,
    )
    return [_posted(row) for row in rows]


def _posted(row: Row) -> Posted:
    return Posted(row["entry_id"], row["entry_minor"], Credit(*row[: len(Credit.__struct_fields__)]))


async def lock(ctx: Ctx, credit_ids: Sequence[int]) -> None:
    """Lock several credits, in the order in which everybody does."""
    await ctx.db.fetch(
        "select id from credit where tenant_id = $1 and id = any($2) order by id for update",
        ctx.tenant_id,
        credit_ids,
    )


@cache
def _statement(kind: str) -> str:
    """The statement for a kind. What is put in are words of `POSTINGS`; all values are bound."""
    posting = POSTINGS[kind]
    out = "c.issued_minor + s.amount" if posting.source == "issued" else f"c.{posting.source}_minor - s.amount"
    into = "c.issued_minor - s.amount" if posting.target == "issued" else f"c.{posting.target}_minor + s.amount"
    conditions = [] if posting.source == "issued" else [f"c.{posting.source}_minor >= s.amount"]
    conditions += [posting.when] if posting.when else []
    also = f", {posting.also}" if posting.also else ""
    available = {posting.source: "-", posting.target: "+"}.get("available")
    held = {posting.source: "-", posting.target: "+"}.get("held")
    summed = ", ".join(
        f"{book}_minor = b.{book}_minor {sign} m.amount"
        for book, sign in (("available", available), ("held", held))
        if sign
    )
    return f"""
        with moved as (
            update credit c set version = c.version + 1, entry_count = c.entry_count + 1,
                   {posting.source}_minor = {out}, {posting.target}_minor = {into}{also}
            from unnest($2::bigint[], $3::bigint[]) as s (credit_id, amount)
            where c.tenant_id = $1 and c.id = s.credit_id and c.deleted_at is null
              {"".join(f"and {condition} " for condition in conditions)}
            returning {COLUMNS}, c.entry_count, s.amount
        ), summed as (
            update credit_balance b set {summed}
            from (select account_id, currency, sum(amount)::bigint as amount from moved group by 1, 2) m
            where b.tenant_id = $1 and b.account_id = m.account_id and b.currency = m.currency
        ), written as (
            insert into credit_entry (tenant_id, credit_id, number, currency, kind, source, target, amount_minor,
                balance_minor, payment_id, order_id, comments, data, key, fingerprint, at, by)
            select $1, m.id, m.entry_count, m.currency, '{kind}', '{posting.source}', '{posting.target}', m.amount,
                   m.available_minor + m.held_minor, $6::bigint, $7::text, $8::text, $9::jsonb, $10::text, $11::text,
                   $4::timestamptz, $5::text
            from moved m returning id, credit_id
        )
        select m.*, w.id as entry_id, m.amount as entry_minor from moved m join written w on w.credit_id = m.id
    """
