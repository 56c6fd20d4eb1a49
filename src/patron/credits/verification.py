"""Adds the whole ledger again and says where the stored sums are others: `patron verify`.

Each look is one statement over a bounded number of rows, so what changes meanwhile is no drift: a statement sees one
moment.
"""

import msgspec

from patron.kernel.db import Row, Session
from patron.kernel.values import from_minor

AT_ONCE = 5_000


class Drift(msgspec.Struct, frozen=True):
    """One row whose sums are not those of the entries, each as (name, stored, added)."""

    noun: str
    id: int
    currency: str
    sums: list[tuple[str, int, int]]

    def __str__(self) -> str:
        """A sentence for people. What counts rows is no money."""
        parts = [
            f"{name} is {_shown(name, stored, self.currency)}, added up {_shown(name, added, self.currency)}"
            for name, stored, added in self.sums
            if stored != added
        ]
        return f"{self.noun} {self.id} ({self.currency}): {'; '.join(parts)}"


def _shown(name: str, value: int, currency: str) -> str:
    return str(value) if name in _COUNTS else str(from_minor(value, currency))


class Looked(msgspec.Struct, frozen=True):
    """What one look saw: up to which id, how many rows and entries, and what was wrong. `last` is None at the end."""

    last: int | None
    rows: int
    entries: int
    drifts: list[Drift]


_COUNTS = ("entries", "last number", "wrong running balances")
_SUMS = ("issued", "available", "held", "redeemed", "expired", *_COUNTS)
_DRIFTS = msgspec.json.Decoder(list[tuple[int, str, list[int], list[int]]])


async def credits_after(db: Session, tenant_id: int, last: int) -> Looked:
    """The books of the next credits, their entries' numbers, and the balance that each entry tells."""
    row = await db.row(
        """
        with span as (
            select max(s.id) as last from (
                select id from credit where tenant_id = $1 and id > $2 order by id limit $3) s
        ), moved as (
            select n.credit_id, n.number, n.source, n.target, n.amount_minor,
                   n.balance_minor <> sum(case when n.target in ('available', 'held') then n.amount_minor else 0 end
                                        - case when n.source in ('available', 'held') then n.amount_minor else 0 end)
                                      over (partition by n.credit_id order by n.number) as is_wrong
            from credit_entry n, span where n.tenant_id = $1 and n.credit_id > $2 and n.credit_id <= span.last
        ), added as (
            select m.credit_id, array[
                coalesce(sum(m.amount_minor) filter (where m.source = 'issued'), 0)
                    - coalesce(sum(m.amount_minor) filter (where m.target = 'issued'), 0),
                coalesce(sum(m.amount_minor) filter (where m.target = 'available'), 0)
                    - coalesce(sum(m.amount_minor) filter (where m.source = 'available'), 0),
                coalesce(sum(m.amount_minor) filter (where m.target = 'held'), 0)
                    - coalesce(sum(m.amount_minor) filter (where m.source = 'held'), 0),
                coalesce(sum(m.amount_minor) filter (where m.target = 'redeemed'), 0)
                    - coalesce(sum(m.amount_minor) filter (where m.source = 'redeemed'), 0),
                coalesce(sum(m.amount_minor) filter (where m.target = 'expired'), 0)
                    - coalesce(sum(m.amount_minor) filter (where m.source = 'expired'), 0),
                count(*), max(m.number), count(*) filter (where m.is_wrong)]::bigint[] as sums
            from moved m group by m.credit_id
        ), compared as (
            select c.id, c.currency, coalesce(a.sums, '{0,0,0,0,0,0,0,0}') as sums, array[c.issued_minor,
                   c.available_minor, c.held_minor, c.redeemed_minor, c.expired_minor, c.entry_count, c.entry_count, 0]
                   as stored
            from credit c join span on c.id <= span.last left join added a on a.credit_id = c.id
            where c.tenant_id = $1 and c.id > $2
        )
        select max(id) as last, count(*) as rows, coalesce(sum(sums[6]), 0)::bigint as entries,
               coalesce(json_agg(json_build_array(id, currency, stored, sums)) filter (where stored <> sums), '[]')
                   as drifts
        from compared
        """,
        tenant_id,
        last,
        AT_ONCE,
    )
    return _looked(row, "credit", _SUMS)


async def payments_after(db: Session, tenant_id: int, last: int) -> Looked:
    """The sums of the next payments."""
    row = await db.row(
        """
        with span as (
            select max(s.id) as last from (
                select id from credit_payment where tenant_id = $1 and id > $2 order by id limit $3) s
        ), added as (
            select n.payment_id, array[
                coalesce(sum(n.amount_minor) filter (where n.kind in ('hold', 'debit')), 0),
                coalesce(sum(n.amount_minor) filter (where n.kind = 'hold'), 0)
                    - coalesce(sum(n.amount_minor) filter (where n.kind in ('capture', 'release')), 0),
                coalesce(sum(n.amount_minor) filter (where n.kind in ('capture', 'debit')), 0),
                coalesce(sum(n.amount_minor) filter (where n.kind = 'release'), 0),
                coalesce(sum(n.amount_minor) filter (where n.kind = 'refund'), 0)]::bigint[] as sums
            from credit_entry n, span
            where n.tenant_id = $1 and n.payment_id > $2 and n.payment_id <= span.last group by n.payment_id
        ), compared as (
            select p.id, p.currency, coalesce(a.sums, '{0,0,0,0,0}') as sums,
                   array[p.amount_minor, p.held_minor, p.captured_minor, p.released_minor, p.refunded_minor] as stored
            from credit_payment p join span on p.id <= span.last left join added a on a.payment_id = p.id
            where p.tenant_id = $1 and p.id > $2
        )
        select max(id) as last, count(*) as rows, 0::bigint as entries,
               coalesce(json_agg(json_build_array(id, currency, stored, sums)) filter (where stored <> sums), '[]')
                   as drifts
        from compared
        """,
        tenant_id,
        last,
        AT_ONCE,
    )
    return _looked(row, "payment", ("amount", "held", "captured", "released", "refunded"))


async def balances_after(db: Session, tenant_id: int, last: int) -> Looked:
    """The balances of the next accounts, which are the sums of their credits' books."""
    row = await db.row(
        """
        with span as (
            select max(s.account_id) as last from (
                select account_id from credit_balance where tenant_id = $1 and account_id > $2
                order by account_id limit $3) s
        ), added as (
            select c.account_id, c.currency, array[sum(c.available_minor), sum(c.held_minor)]::bigint[] as sums
            from credit c, span where c.tenant_id = $1 and c.account_id > $2 and c.account_id <= span.last
            group by c.account_id, c.currency
        ), compared as (
            select b.account_id as id, b.currency, coalesce(a.sums, '{0,0}') as sums,
                   array[b.available_minor, b.held_minor] as stored
            from credit_balance b join span on b.account_id <= span.last
            left join added a on a.account_id = b.account_id and a.currency = b.currency
            where b.tenant_id = $1 and b.account_id > $2
        )
        select max(id) as last, count(*) as rows, 0::bigint as entries,
               coalesce(json_agg(json_build_array(id, currency, stored, sums)) filter (where stored <> sums), '[]')
                   as drifts
        from compared
        """,
        tenant_id,
        last,
        AT_ONCE,
    )
    return _looked(row, "balance of account", ("available", "held"))


def _looked(row: Row | None, noun: str, names: tuple[str, ...]) -> Looked:
    assert row is not None
    drifts = [
        Drift(noun, number, currency, list(zip(names, stored, sums, strict=True)))
        for number, currency, stored, sums in _DRIFTS.decode(row["drifts"])
    ]
    return Looked(row["last"], row["rows"], row["entries"], drifts)


class Liability(msgspec.Struct, frozen=True):
    """What a shop owes in one currency: the balances of its credits, and how much of it is on hold."""

    currency: str
    credits: int
    balance_minor: int
    held_minor: int


async def size(db: Session, tenant_id: int) -> int:
    """How many rows there are to look at."""
    return int(
        await db.value(
            """
            select (select count(*) from credit where tenant_id = $1)
                 + (select count(*) from credit_payment where tenant_id = $1)
                 + (select count(*) from credit_balance where tenant_id = $1)
            """,
            tenant_id,
        )
    )


async def liabilities(db: Session, tenant_id: int) -> list[Liability]:
    """What a tenant owes its customers, by currency."""
    rows = await db.fetch(
        """
        select currency, count(*), sum(available_minor + held_minor)::bigint, sum(held_minor)::bigint from credit
        where tenant_id = $1 and deleted_at is null group by currency order by currency
        """,
        tenant_id,
    )
    return [Liability(*row) for row in rows]
