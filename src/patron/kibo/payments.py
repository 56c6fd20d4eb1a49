"""Payments with credits: holds, captures, refunds, and debits of a whole customer. Our extension of this dialect."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from patron.credits import holds, payment_queries, payments
from patron.credits.model import Payment
from patron.kernel.context import Ctx
from patron.kernel.query import Page
from patron.kernel.values import from_minor
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, ask
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Time, Wire, audit, read_time, time
from patron.web.operations import Answer, Call, Operation


class CreditPaymentPart(Wire):
    """What a payment took from one credit, and what became of it."""

    amount: Given[Decimal] = None
    captured_amount: Given[Decimal] = None
    code: str | None = None
    held_amount: Given[Decimal] = None
    refunded_amount: Given[Decimal] = None


class CreditPayment(Wire):
    """An amount taken from the credits of a customer (`customerId`), or from one credit (`code`).

    With `isHold` it is put on hold until `expirationDate` (7 days, unless said). `key` is the caller's own name for
    the payment: with the same key it is made once.
    """

    amount: Given[Decimal] = None
    audit_info: Given[AdminUserAuditInfo] = None
    captured_amount: Given[Decimal] = None
    code: str | None = None
    comments: str | None = None
    credits: list[CreditPaymentPart] | None = None
    currency_code: str | None = None
    customer_id: Int32 | None = None
    expiration_date: Time | None = None
    held_amount: Given[Decimal] = None
    id: Int32 | None = None
    is_hold: bool = False
    key: str | None = None
    order_id: str | None = None
    refunded_amount: Given[Decimal] = None
    released_amount: Given[Decimal] = None


class CreditPaymentCollection(Paged):
    """A page of payments."""

    items: list[CreditPayment] | None = None


class CreditCapture(Wire):
    """How much of a hold to spend: all of it, unless `amount` says less. The rest stays on hold, unless `isFinal`."""

    amount: Given[Decimal] = None
    is_final: bool = False
    key: str | None = None


class CreditRefund(Wire):
    """How much to give back: all that is left of what was captured, unless `amount` says less."""

    amount: Given[Decimal] = None
    key: str | None = None


NAMES = {
    "id": "id",
    "key": "key",
    "customerid": "account_id",
    "orderid": "order_id",
    "currencycode": "currency",
    "amount": "amount",
    "heldamount": "held",
    "capturedamount": "captured",
    "refundedamount": "refunded",
    "expirationdate": "expires_at",
    "createdate": "created_at",
    "auditinfo.createdate": "created_at",
}

Parts = Mapping[int, list[payment_queries.Part]]


def shown(payment: Payment, parts: Parts) -> CreditPayment:
    """A payment with the credits that it drew upon."""
    own = parts.get(payment.id, [])

    def amount(minor: int) -> Decimal:
        return from_minor(minor, payment.currency)

    return CreditPayment(
        amount=amount(payment.amount_minor),
        audit_info=audit(payment),
        captured_amount=amount(payment.captured_minor),
        code=own[0].code if payment.credit_id is not None and own else None,
        comments=payment.comments,
        credits=[
            CreditPaymentPart(
                amount=amount(part.amount_minor),
                captured_amount=amount(part.captured_minor),
                code=part.code,
                held_amount=amount(part.held_minor),
                refunded_amount=amount(part.refunded_minor),
            )
            for part in own
        ],
        currency_code=payment.currency,
        customer_id=payment.account_id,
        expiration_date=time(payment.expires_at),
        held_amount=amount(payment.held_minor),
        id=payment.id,
        is_hold=payment.is_hold,
        key=payment.key,
        order_id=payment.order_id,
        refunded_amount=amount(payment.refunded_minor),
        released_amount=amount(payment.released_minor),
    )


async def _answer(ctx: Ctx, payment: Payment) -> Answer:
    return Answer(shown(payment, await payment_queries.parts_of(ctx, [payment.id])), version=payment.version)


async def list_payments(ctx: Ctx, call: Call) -> Any:
    """Find payments, newest first."""
    wanted = ask(call, NAMES, payment_queries.FIELDS)
    page: Page[Payment] = await payment_queries.list_of(ctx, wanted)
    parts = await payment_queries.parts_of(ctx, [one.id for one in page.items])
    return collection(CreditPaymentCollection, wanted, page, lambda one: shown(one, parts))


async def get_payment(ctx: Ctx, call: Call) -> Any:
    """One payment."""
    return await _answer(ctx, await payment_queries.get(ctx, call.id("paymentId", "payment")))


async def add_payment(ctx: Ctx, call: Call) -> Any:
    """Take an amount from credits at once, or put it on hold. Of a customer, what expires soonest is spent first."""
    body = call.body
    wanted = payments.Wanted(
        code=body.code,
        account_id=body.customer_id,
        amount=body.amount,
        currency=body.currency_code,
        is_hold=body.is_hold,
        order_id=body.order_id,
        comments=body.comments,
        key=body.key,
        expires_at=read_time("expirationDate", body.expiration_date),
    )
    return await _answer(ctx, await payments.pay(ctx, wanted))


async def capture_payment(ctx: Ctx, call: Call) -> Any:
    """Spend what is on hold, or a part of it."""
    payment_id, body = call.id("paymentId", "payment"), call.body
    payment = await holds.capture(ctx, payment_id, body.amount, is_final=body.is_final, key=body.key)
    return await _answer(ctx, payment)


async def void_payment(ctx: Ctx, call: Call) -> Any:
    """Let go of what is still on hold. Doing it again changes nothing."""
    return await _answer(ctx, await holds.void(ctx, call.id("paymentId", "payment")))


async def refund_payment(ctx: Ctx, call: Call) -> Any:
    """Give back what was captured, or a part of it, to the credits that it came from."""
    payment_id, body = call.id("paymentId", "payment"), call.body
    return await _answer(ctx, await holds.refund(ctx, payment_id, body.amount, key=body.key))


_PATH = "/commerce/customer/credits/payments"
_ONE = f"{_PATH}/{{paymentId}}"
_READ: dict[str, Any] = {"group": "Credit", "scope": "customer-credit:read"}
_WRITE: dict[str, Any] = {
    "group": "Credit", "scope": "customer-credit:update", "changes": True, "method": "POST", "replays": "yes",
    "query": (RESPONSE_FIELDS,), "answer": CreditPayment, "versioned": True,
}  # fmt: skip

OPERATIONS = (
    Operation(
        id="getPayments", method="GET", path=_PATH, handler=list_payments, query=LIST, answer=CreditPaymentCollection,
        summary="Find payments with credits", **_READ,
    ),
    Operation(
        id="getPayment", method="GET", path=_ONE, handler=get_payment, query=(RESPONSE_FIELDS,), answer=CreditPayment,
        versioned=True, summary="Read a payment with credits", **_READ,
    ),
    Operation(
        id="addPayment", path=_PATH, handler=add_payment, body=CreditPayment, status=201,
        summary="Pay with credits, or put an amount on hold", **_WRITE,
    ),
    Operation(
        id="capturePayment", path=f"{_ONE}/capture", handler=capture_payment, body=CreditCapture,
        summary="Spend what is on hold", **_WRITE,
    ),
    Operation(
        id="voidPayment", path=f"{_ONE}/void", handler=void_payment, summary="Let go of what is on hold", **_WRITE,
    ),
    Operation(
        id="refundPayment", path=f"{_ONE}/refund", handler=refund_payment, body=CreditRefund,
        summary="Give back what was captured", **_WRITE,
    ),
)  # fmt: skip
