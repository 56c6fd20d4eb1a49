"""The sums of an account follow from its transactions, in whatever order they come and go."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patron.kernel.errors import Invalid
from patron.transactions.model import (
    INTERACTIONS,
    KINDS,
    Details,
    Group,
    Sums,
    Transaction,
    added,
    checked,
    corrections,
    grouped,
    removed,
    summed,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

moments = st.integers(0, 1_000).map(lambda hours: NOW - timedelta(hours=hours))
transactions = st.lists(
    st.builds(
        Transaction,
        id=st.uuids().map(str),
        account_id=st.just(1),
        visit_id=st.none(),
        kind=st.sampled_from(sorted(KINDS.values())),
        interaction=st.sampled_from(sorted(INTERACTIONS.values())),
        amount_minor=st.integers(0, 10**15),
        currency=st.sampled_from(["USD", "EUR"]),
        at=moments,
    ),
    max_size=30,
)


def all_of(kept: list[Transaction]) -> Sums:
    return summed(map(grouped, kept), "USD")


def last_order_of(kept: list[Transaction]) -> datetime | None:
    return max((one.at for one in kept if one.kind == "Order"), default=None)


@given(transactions)
def test_the_sums_are_what_the_contract_says(kept: list[Transaction]) -> None:
    sums = all_of(kept)

    in_dollars = [one for one in kept if one.currency == "USD"]
    assert sums.order_count == sum(one.kind == "Order" for one in kept)
    assert sums.wishlist_count == sum(one.kind == "Wishlist" for one in kept)
    assert sums.last_order_at == last_order_of(kept)
    assert sums.order_total_minor == sum(one.amount_minor for one in in_dollars if one.kind == "Order") - sum(
        one.amount_minor for one in in_dollars if one.kind == "Return"
    )


@given(transactions, st.randoms())
def test_order_and_grouping_do_not_matter(kept: list[Transaction], random: object) -> None:
    shuffled = list(kept)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    together: dict[tuple[str, str], list[Transaction]] = {}
    for one in kept:
        together.setdefault((one.kind, one.currency), []).append(one)
    groups = [
        Group(kind, currency, len(many), sum(one.amount_minor for one in many), max(one.at for one in many))
        for (kind, currency), many in together.items()
    ]

    assert all_of(shuffled) == all_of(kept) == summed(groups, "USD")


@given(transactions, st.data())
def test_coming_and_going_leaves_what_a_recomputation_finds(kept: list[Transaction], data: st.DataObject) -> None:
    sums, left = Sums(), []
    for one in kept:
        sums = added(sums, grouped(one), "USD")
        left.append(one)
        if data.draw(st.booleans()):
            gone = left.pop(data.draw(st.integers(0, len(left) - 1)))
            sums = removed(sums, grouped(gone), "USD", last_order_at=last_order_of(left))

        assert sums == all_of(left)


def test_corrections_are_told_in_units_of_the_currency() -> None:
    before, after = Sums(1, 100, NOW, 2), Sums(1, 250, NOW, 3)

    assert corrections(before, after, "USD") == {
        "wishlist_count": (2, 3),
        "order_total": (Decimal("1.00"), Decimal("2.50")),
    }
    assert corrections(after, after, "JPY") == {}


def made(**given: object) -> Transaction:
    details = Details(**{"kind": "Order", **given})  # type: ignore[arg-type]
    return checked(details, new_id="new", account_id=7, currency="USD", now=NOW)


def test_kinds_come_in_any_case_and_are_kept_in_one() -> None:
    for kind in ("Order", "Return", "OrderPickup", "Wishlist"):
        for spelling in (kind, kind.lower(), kind.upper(), f" {kind} "):
            assert made(kind=spelling).kind == kind
    for interaction in ("Website", "Call", "Store", "Unknown"):
        for spelling in (interaction, interaction.lower(), interaction.upper(), f" {interaction} "):
            assert made(interaction=spelling).interaction == interaction


def test_what_is_left_out_is_filled_in() -> None:
    assert made() == Transaction("new", 7, None, "Order", "Unknown", 0, "USD", NOW)
    assert made(id=" ").id == "new"


def test_every_fault_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        made(id="x" * 201, visit_id="x" * 201, kind="Gift", interaction="Fax", currency="Dollar", amount=Decimal(-1))

    assert [problem.field for problem in caught.value.problems] == [
        *("transaction_id", "visit_id", "transaction_kind", "interaction", "currency"),
    ]


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "1e30", "NaN", "sNaN", "Infinity", "10000000000000.01"])
def test_amounts_that_cannot_be_are_refused(amount: str) -> None:
    with pytest.raises(Invalid) as caught:
        made(amount=Decimal(amount))

    assert [problem.field for problem in caught.value.problems] == ["amount"]


@given(st.integers(0, 10**15), st.sampled_from(["USD", "JPY", "KWD", "XYZ"]))
def test_an_amount_comes_back_as_it_went_in(minor: int, currency: str) -> None:
    digits = {"JPY": 0, "KWD": 3}.get(currency, 2)
    amount = Decimal(minor).scaleb(-digits)

    kept = made(amount=amount, currency=currency.lower())

    assert (kept.amount, kept.currency) == (amount, currency)
