"""Any sequence of issues, debits, holds, captures, voids, refunds, expiries and repeats does what a few dicts say.

`make fuzz` walks longer (FUZZ_EXAMPLES); the short form always walks the same ways.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger_model import Card, Deal, Model, NoError
from ledgers import Till
from patron.accounts import actions as accounts
from patron.accounts.model import Profile
from patron.credits import actions, holds, payment_queries, payments, transactions
from patron.credits.model import Details, Payment
from patron.credits.payments import Wanted
from patron.credits.transactions import Movement
from patron.kernel.db import Database
from patron.kernel.errors import KeyReused, Refused
from patron.worker import end_credits

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

T = TypeVar("T")
AMOUNTS = st.integers(1, 40)
PART = st.none() | AMOUNTS
DAYS = st.integers(1, 60)
PICK = st.integers(0, 10_000)


def amount(minor: int | None) -> Decimal | None:
    return None if minor is None else Decimal(minor) / 100


@pytest.fixture
def run(database_url: str) -> Iterator[Callable[[Awaitable[Any]], Any]]:
    """Runs a coroutine on a loop of its own; the session's belongs to other tests."""
    loop = asyncio.new_event_loop()
    yield loop.run_until_complete
    loop.close()


def test_the_ledger_does_what_the_model_does(database_url: str, run: Callable[[Awaitable[Any]], Any]) -> None:
    database: Database = run(Database.open(database_url, size=2))

    class Machine(Ledger):
        """On this database."""

    Machine.database, Machine.run_async = database, staticmethod(run)  # type: ignore[misc,assignment]
    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=EXAMPLES or 12,
                stateful_step_count=60 if EXAMPLES else 40,
                deadline=None,
                derandomize=not EXAMPLES,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        run(database.close())


class Ledger(RuleBasedStateMachine):
    """The real ledger beside the model, with two customers."""

    database: Database
    run_async: Callable[[Awaitable[Any]], Any]

    @initialize()
    def open(self) -> None:
        self.till: Till = self.run_async(Till.open(self.database))
        self.model, self.ids, self.keys = Model(), dict[str, int](), 0
        self.accounts = [self.change(lambda: accounts.create(self.till.ctx(), Profile())).id for _ in range(2)]

    def change(self, action: Callable[[], Awaitable[T]]) -> T:
        """One call, in its transaction."""

        async def run() -> T:
            ctx = self.ctx = self.till.ctx()
            async with ctx.db.transaction():
                return await action()

        return self.run_async(run())  # type: ignore[no-any-return]

    def both(self, act: Callable[[Any], Awaitable[T]], ideal: Callable[[], Any]) -> T | None:
        """Do it in the ledger if the model can, else see it refused."""

        async def run() -> T:
            ctx = self.till.ctx()
            async with ctx.db.transaction():
                return await act(ctx)

        try:
            self.wanted = ideal()
        except NoError:
            with pytest.raises(Refused):
                self.run_async(run())
            return None
        return self.run_async(run())  # type: ignore[no-any-return]

    def card(self, pick: int) -> Card:
        return list(self.model.cards.values())[pick % len(self.model.cards)]

    def deal(self, pick: int) -> tuple[int, Deal]:
        return list(self.model.deals.items())[pick % len(self.model.deals)]

    @rule(minor=AMOUNTS, owner=st.integers(0, 2), begins=st.sampled_from([-5, 0, 0, 3]), lasts=DAYS)
    def issue(self, minor: int, owner: int, begins: int, lasts: int) -> None:
        code = f"c-{len(self.ids)}"
        begin = self.till.now + timedelta(days=begins)
        card = Card(code, None if owner == 2 else self.accounts[owner], begin, begin + timedelta(days=lasts), minor)
        details = Details(
            code=code, initial=amount(minor), account_id=card.account, activates_at=begin, expires_at=card.expires_at
        )
        made = self.both(lambda ctx: actions.create(ctx, details), lambda: self.model.cards.update({code: card}))
        assert made is not None
        self.ids[code] = made.id

    @precondition(lambda self: self.model.cards)
    @rule(pick=PICK, kind=st.sampled_from(["debit", "credit"]), minor=AMOUNTS, again=st.booleans())
    def move(self, pick: int, kind: str, minor: int, again: bool) -> None:
        card, self.keys = self.card(pick), self.keys + 1
        movement = Movement(kind=kind, amount=amount(minor), key=f"k-{self.keys}")
        made = self.both(
            lambda ctx: transactions.add(ctx, card.code, movement),
            lambda: self.model.move(card.code, kind, minor, self.till.now),
        )
        if made and again:
            assert self.change(lambda: transactions.add(self.ctx, card.code, movement)) == made
            other = Movement(kind=kind, amount=amount(minor + 1), key=movement.key)
            with pytest.raises(KeyReused):
                self.change(lambda: transactions.add(self.ctx, card.code, other))

    @precondition(lambda self: self.model.cards)
    @rule(pick=PICK, minor=AMOUNTS, of_one=st.booleans(), is_hold=st.booleans(), lasts=DAYS, again=st.booleans())
    def pay(self, pick: int, minor: int, of_one: bool, is_hold: bool, lasts: int, again: bool) -> None:
        self.keys += 1
        ends_at = self.till.now + timedelta(days=lasts) if is_hold else None
        common = {"amount": amount(minor), "is_hold": is_hold, "expires_at": ends_at, "key": f"k-{self.keys}"}
        if of_one:
            cards = [self.card(pick)]
            wanted = Wanted(code=cards[0].code, **common)
        else:
            account = self.accounts[pick % 2]
            cards = [card for card in self.model.cards.values() if card.account == account]
            wanted = Wanted(account_id=account, currency="USD", **common)
        made = self.both(
            lambda ctx: payments.pay(ctx, wanted), lambda: self.model.pay(cards, minor, self.till.now, ends_at)
        )
        if made:
            self.model.deals[made.id] = self.wanted
            if again:
                assert self.change(lambda: payments.pay(self.ctx, wanted)).id == made.id

    @precondition(lambda self: self.model.deals)
    @rule(pick=PICK, part=PART, is_final=st.booleans(), again=st.booleans())
    def capture(self, pick: int, part: int | None, is_final: bool, again: bool) -> None:
        (number, deal), self.keys = self.deal(pick), self.keys + 1
        more = {"is_final": is_final, "key": f"k-{self.keys}"}
        made = self.both(
            lambda ctx: holds.capture(ctx, number, amount(part), **more),
            lambda: self.model.capture(deal, part, self.till.now, is_final=is_final),
        )
        if made and again:
            assert self.change(lambda: holds.capture(self.ctx, number, amount(part), **more)) == made

    @precondition(lambda self: self.model.deals)
    @rule(pick=PICK, part=PART, again=st.booleans())
    def refund(self, pick: int, part: int | None, again: bool) -> None:
        (number, deal), self.keys = self.deal(pick), self.keys + 1
        key = f"k-{self.keys}"
        made = self.both(
            lambda ctx: holds.refund(ctx, number, amount(part), key=key),
            lambda: self.model.refund(deal, part, self.till.now),
        )
        if made and again:
            assert self.change(lambda: holds.refund(self.ctx, number, amount(part), key=key)) == made

    @precondition(lambda self: self.model.deals)
    @rule(pick=PICK)
    def void(self, pick: int) -> None:
        number, deal = self.deal(pick)

        def ideal() -> None:
            if deal.ends_at is None:
                raise NoError
            self.model.release(deal)

        self.both(lambda ctx: holds.void(ctx, number), ideal)

    @precondition(lambda self: self.model.cards)
    @rule(pick=PICK, owner=st.integers(0, 1), lasts=DAYS)
    def change_card(self, pick: int, owner: int, lasts: int) -> None:
        card = self.card(pick)
        card.account = self.accounts[owner]
        expires_at = max(self.till.now, card.activates_at) + timedelta(days=lasts)
        details = Details(account_id=card.account, expires_at=expires_at)
        self.both(
            lambda ctx: actions.update(ctx, card.code, details),
            lambda: self.model.prolong(card, expires_at, self.till.now),
        )

    @precondition(lambda self: self.model.cards)
    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        card = self.card(pick)

        def ideal() -> None:
            if card.was_used:
                raise NoError
            del self.model.cards[card.code]

        self.both(lambda ctx: actions.delete(ctx, card.code), ideal)

    @rule(days=DAYS)
    def time_passes(self, days: int) -> None:
        self.till.advance(days=days / 4)

    @rule()
    def the_worker_comes_by(self) -> None:
        ctx = self.till.ctx()
        self.run_async(end_credits(ctx.db, ctx.secrets, ctx.now))
        self.model.end(self.till.now)

    @invariant()
    def it_all_adds_up(self) -> None:
        if not hasattr(self, "till"):
            return
        assert self.run_async(self.till.drifts()) == []

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        if not hasattr(self, "till"):
            return
        db, tenant_id = self.database.session(), self.till.tenant_id
        rows = self.run_async(
            db.fetch(
                """
                select code, account_id, expires_at, available_minor, held_minor, redeemed_minor, expired_minor
                from credit where tenant_id = $1 and deleted_at is null order by id
                """,
                tenant_id,
            )
        )
        assert [tuple(row) for row in rows] == [
            (card.code, card.account, card.expires_at, *card.books) for card in self.model.cards.values()
        ]
        rows = self.run_async(
            db.fetch(f"select {payment_queries.COLUMNS} from credit_payment p where p.tenant_id = $1", tenant_id)
        )
        found = {one.id: one for one in (Payment(*row) for row in rows)}
        assert {
            number: (one.held_minor, one.captured_minor, one.released_minor, one.refunded_minor)
            for number, one in found.items()
        } == {number: deal.sums for number, deal in self.model.deals.items()}
