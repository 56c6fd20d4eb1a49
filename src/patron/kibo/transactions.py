"""Transactions of an account, in this dialect: they feed the commerce summary (Kibo behaviour 6.6)."""

from decimal import Decimal
from typing import Any

from patron.kernel.context import Ctx
from patron.kibo.parameters import RESPONSE_FIELDS
from patron.kibo.wire import Given, Time, Wire, read_time, time
from patron.transactions import actions, model, queries
from patron.web.operations import Call, Operation


class Transaction(Wire):
    """What an account did: Order, Return, OrderPickup or Wishlist. An id or a date that is left out is made here."""

    amount: Given[Decimal] = None
    currency_code: str | None = None
    date: Given[Time] = None
    interaction_type: str | None = None
    transaction_id: str | None = None
    transaction_type: str | None = None
    visit_id: str | None = None


def shown(one: model.Transaction) -> Transaction:
    """A transaction as this dialect shows it."""
    return Transaction(
        amount=one.amount,
        currency_code=one.currency,
        date=time(one.at),
        interaction_type=one.interaction,
        transaction_id=one.id,
        transaction_type=one.kind,
        visit_id=one.visit_id,
    )


def read(body: Transaction) -> model.Details:
    """What a caller wrote."""
    return model.Details(
        id=body.transaction_id,
        visit_id=body.visit_id,
        kind=body.transaction_type,
        interaction=body.interaction_type,
        amount=body.amount,
        currency=body.currency_code,
        at=read_time("date", body.date),
    )


async def list_transactions(ctx: Ctx, call: Call) -> Any:
    """All of them, newest first."""
    return [shown(one) for one in await queries.list_of(ctx, call.account_id)]


async def add_transaction(ctx: Ctx, call: Call) -> Any:
    """Record one. The account's sums follow at once."""
    return shown(await actions.add(ctx, call.account_id, read(call.body)))


async def remove_transaction(ctx: Ctx, call: Call) -> Any:
    """Take one back, and what it did to the sums."""
    await actions.remove(ctx, call.account_id, call.path["transactionId"])


async def recompute_lifetime_value(ctx: Ctx, call: Call) -> Any:
    """Compute the sums again from the stored transactions. It is done when the answer comes, not queued."""
    await actions.recompute(ctx, call.account_id)


_ACCOUNT = "/commerce/customer/accounts/{accountId}"
_PATH = f"{_ACCOUNT}/transactions"
_WRITE: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:update", "changes": True}

OPERATIONS = (
    Operation(
        "CustomerAccount", "getTransactions", "GET", _PATH, list_transactions, scope="customer:read", shopper="own",
        query=(RESPONSE_FIELDS,), answer=list[Transaction], summary="List an account's transactions",
    ),
    Operation(
        id="addTransaction", method="POST", path=_PATH, handler=add_transaction, query=(RESPONSE_FIELDS,),
        body=Transaction, answer=Transaction, status=201, replays="yes", summary="Record a transaction", **_WRITE,
    ),
    Operation(
        id="removeTransaction", method="DELETE", path=f"{_PATH}/{{transactionId}}", handler=remove_transaction,
        status=204, summary="Take a transaction back", **_WRITE,
    ),
    Operation(
        id="recomputeCustomerLifetimeValue", method="POST", path=f"{_ACCOUNT}/recomputelifetimevalue",
        handler=recompute_lifetime_value, query=(RESPONSE_FIELDS,), replays="yes",
        summary="Compute the sums of an account again", **_WRITE,
    ),
)  # fmt: skip
