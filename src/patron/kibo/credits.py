"""Store credit and gift cards, in this dialect (Kibo behaviour 11)."""

from decimal import Decimal
from typing import Any

from patron.credits import actions, claims, history, mails, queries, transactions
from patron.credits.model import KINDS, Credit, Details
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, PatronError
from patron.kernel.values import from_minor
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, USER_ID, ask
from patron.kibo.wire import AdminUserAuditInfo, Given, Int32, Paged, Time, Wire, audit, read_time, time
from patron.web.operations import Answer, Call, Operation

_TYPE_IDS = {kind: number for number, kind in enumerate(KINDS.values())}
_ACTIVITIES = ("Created", "Updated", "Deleted", "Activated", "Deactivated", "Transaction")  # ids from 1
_ACTIVITY_IDS = {activity: number for number, activity in enumerate(_ACTIVITIES, start=1)}


class CustomerCredit(Wire):
    """Store credit, a gift card, or a kind of the shop's own.

    `currentBalance` is what is on it; `availableBalance` what could be spent now, without what is on hold.
    """

    activation_date: Time | None = None
    audit_info: Given[AdminUserAuditInfo] = None
    available_balance: Decimal | None = None
    code: str | None = None
    credit_type: str | None = None
    credit_type_id: Given[Int32] = None
    currency_code: str | None = None
    current_balance: Decimal | None = None
    custom_credit_type: str | None = None
    customer_id: Int32 | None = None
    expiration_date: Time | None = None
    initial_balance: Decimal | None = None


class CreditCollection(Paged):
    """A page of credits."""

    items: list[CustomerCredit] | None = None


class CreditTransaction(Wire):
    """A movement of a credit's balance: Debit lowers it, Credit raises it.

    `entryType` says what it was: debit, credit, capture, refund, expiry or reinstatement. `key` is the caller's own
    name for it: with the same key it happens once.
    """

    audit_info: Given[AdminUserAuditInfo] = None
    balance: Decimal | None = None
    comments: str | None = None
    data: Any = None
    entry_type: str | None = None
    id: Int32 | None = None
    impact_amount: Decimal | None = None
    key: str | None = None
    order_id: str | None = None
    payment_id: Int32 | None = None
    transaction_type: str | None = None


class CreditTransactionCollection(Paged):
    """A page of movements."""

    items: list[CreditTransaction] | None = None


class CreditAuditEntry(Wire):
    """One thing that happened to a credit."""

    activity_type: str | None = None
    activity_type_id: Given[Int32] = None
    audit_info: Given[AdminUserAuditInfo] = None
    details: str | None = None


class CreditAuditEntryCollection(Paged):
    """A page of a credit's history."""

    items: list[CreditAuditEntry] | None = None


_DATES = {"createdate": "created_at", "updatedate": "updated_at"}
NAMES = {
    "code": "code",
    "credittype": "kind",
    "customcredittype": "custom_kind",
    "customerid": "account_id",
    "currencycode": "currency",
    "initialbalance": "initial",
    "currentbalance": "balance",
    "activationdate": "activates_at",
    "expirationdate": "expires_at",
    **_DATES,
    **{f"auditinfo.{name}": field for name, field in _DATES.items()},
}
TRANSACTION_NAMES = {
    "id": "id",
    "transactiontype": "kind",
    "impactamount": "amount",
    "orderid": "order_id",
    "comments": "comments",
    "createdate": "at",
    "auditinfo.createdate": "at",
}
AUDIT_NAMES = {
    "activitytype": "what",
    "createdate": "at",
    "createby": "by",
    "auditinfo.createdate": "at",
    "auditinfo.createby": "by",
}


def shown(ctx: Ctx, credit: Credit) -> CustomerCredit:
    """A credit as this dialect shows it."""
    return CustomerCredit(
        activation_date=time(credit.activates_at),
        audit_info=audit(credit),
        available_balance=credit.available(ctx.now),
        code=credit.code,
        credit_type=credit.kind,
        credit_type_id=_TYPE_IDS[credit.kind],
        currency_code=credit.currency,
        current_balance=credit.balance,
        custom_credit_type=credit.custom_kind,
        customer_id=credit.account_id,
        expiration_date=time(credit.expires_at),
        initial_balance=credit.initial,
    )


def read(body: CustomerCredit) -> Details:
    """What a caller wrote. The number of a type counts where its name is missing. Raises Invalid."""
    kind = body.credit_type
    if not kind and body.credit_type_id and not body.custom_credit_type:
        kind = next((name for name, number in _TYPE_IDS.items() if number == body.credit_type_id), None)
        if kind is None:
            raise Invalid.field("credit_type_id", "is 0 (StoreCredit), 1 (GiftCard) or 2 (Custom)")
    return Details(
        code=body.code,
        kind=kind,
        custom_kind=body.custom_credit_type,
        account_id=body.customer_id,
        currency=body.currency_code,
        initial=body.initial_balance,
        activates_at=read_time("activationDate", body.activation_date),
        expires_at=read_time("expirationDate", body.expiration_date),
    )


def shown_transaction(entry: queries.Entry) -> CreditTransaction:
    """A movement as this dialect shows it."""
    return CreditTransaction(
        audit_info=_made(entry),
        balance=from_minor(entry.balance_minor, entry.currency),
        comments=entry.comments,
        data=entry.data,
        entry_type=entry.kind,
        id=entry.id,
        impact_amount=from_minor(entry.amount_minor, entry.currency),
        key=entry.key,
        order_id=entry.order_id,
        payment_id=entry.payment_id,
        transaction_type="Credit" if entry.sign > 0 else "Debit",
    )


def shown_activity(activity: history.Activity) -> CreditAuditEntry:
    """A line of a credit's history as this dialect shows it."""
    return CreditAuditEntry(
        activity_type=activity.what,
        activity_type_id=_ACTIVITY_IDS[activity.what],
        audit_info=_made(activity),
        details=activity.details,
    )


def _made(thing: queries.Entry | history.Activity) -> AdminUserAuditInfo:
    """The audit block of what is never changed."""
    at = time(thing.at)
    return AdminUserAuditInfo(create_by=thing.by, create_date=at, update_by=thing.by, update_date=at)


async def list_credits(ctx: Ctx, call: Call) -> Any:
    """Find credits."""
    page = await queries.list_of(ctx, wanted := ask(call, NAMES, queries.FIELDS))
    return collection(CreditCollection, wanted, page, lambda one: shown(ctx, one))


async def get_credit(ctx: Ctx, call: Call) -> Any:
    """One credit, by its code in any case."""
    credit = await queries.by_code(ctx, call.path["code"])
    return Answer(shown(ctx, credit), version=credit.version)


async def add_credit(ctx: Ctx, call: Call) -> Any:
    """Make a credit; its customer gets a mail. Without a code it gets one."""
    credit = await actions.create(ctx, read(call.body), user_id=call.query.get("userId"))
    return Answer(shown(ctx, credit), version=credit.version)


async def update_credit(ctx: Ctx, call: Call) -> Any:
    """Change dates, custom type and customer; what is left out stays. Balances move by transactions only."""
    credit = await actions.update(ctx, call.path["code"], read(call.body), expect=call.expect)
    return Answer(shown(ctx, credit), version=credit.version)


async def associate(ctx: Ctx, call: Call) -> Any:
    """Give an unclaimed credit to the shopper who is calling. Ten codes an hour may lead to nothing, not more."""
    credit = await claims.claim(ctx, call.path["code"], expect=call.expect)
    if isinstance(credit, PatronError):
        return Answer(refusal=credit)
    return Answer(shown(ctx, credit), version=credit.version)


async def delete_credit(ctx: Ctx, call: Call) -> Any:
    """Remove a credit that was never used."""
    await actions.delete(ctx, call.path["code"], expect=call.expect)


async def resend_mail(ctx: Ctx, call: Call) -> Any:
    """Send the customer the mail about the credit once more."""
    await mails.again(ctx, await queries.by_code(ctx, call.path["code"]), user_id=call.query.get("userId"))


async def list_transactions(ctx: Ctx, call: Call) -> Any:
    """What moved a credit's balance, newest first."""
    wanted = ask(call, TRANSACTION_NAMES, queries.ENTRY_FIELDS)
    page = await queries.entries_of(ctx, call.path["code"], wanted)
    return collection(CreditTransactionCollection, wanted, page, shown_transaction)


async def add_transaction(ctx: Ctx, call: Call) -> Any:
    """Take from a credit, or add to it."""
    movement = transactions.Movement(
        kind=call.body.transaction_type,
        amount=call.body.impact_amount,
        order_id=call.body.order_id,
        comments=call.body.comments,
        data=call.body.data,
        key=call.body.key,
    )
    return shown_transaction(await transactions.add(ctx, call.path["code"], movement))


async def list_audit_entries(ctx: Ctx, call: Call) -> Any:
    """A credit's history, newest first."""
    wanted = ask(call, AUDIT_NAMES, history.FIELDS)
    page = await history.list_of(ctx, call.path["code"], wanted)
    return collection(CreditAuditEntryCollection, wanted, page, shown_activity)


_PATH = "/commerce/customer/credits"
_ONE = f"{_PATH}/{{code}}"
_READ: dict[str, Any] = {"group": "Credit", "scope": "customer-credit:read"}
_WRITE: dict[str, Any] = {"group": "Credit", "scope": "customer-credit:update", "changes": True}

OPERATIONS = (
    Operation(
        id="getCredits", method="GET", path=_PATH, handler=list_credits, query=LIST, answer=CreditCollection,
        summary="Find credits", **_READ,
    ),
    Operation(
        id="getCredit", method="GET", path=_ONE, handler=get_credit, query=(RESPONSE_FIELDS,), answer=CustomerCredit,
        versioned=True, summary="Read a credit", **_READ,
    ),
    Operation(
        id="addCredit", method="POST", path=_PATH, handler=add_credit, query=(USER_ID, RESPONSE_FIELDS),
        body=CustomerCredit, answer=CustomerCredit, status=201, replays="yes", versioned=True,
        summary="Make a store credit or gift card", **_WRITE,
    ),
    Operation(
        id="updateCredit", method="PUT", path=_ONE, handler=update_credit, query=(RESPONSE_FIELDS,),
        body=CustomerCredit, answer=CustomerCredit, versioned=True, summary="Change a credit", **_WRITE,
    ),
    Operation(
        id="associateCreditToShopper", method="PUT", path=f"{_ONE}/associate-to-shopper", handler=associate,
        shopper="open", query=(RESPONSE_FIELDS,), answer=CustomerCredit, versioned=True, throttled=True,
        summary="Give a credit to the shopper who calls", **_WRITE,
    ),
    Operation(
        id="deleteCredit", method="DELETE", path=_ONE, handler=delete_credit, status=204, versioned=True,
        summary="Remove a credit that was never used", **_WRITE,
    ),
    Operation(
        id="resendCreditCreatedEmail", method="PUT", path=f"{_ONE}/Resend-Email", handler=resend_mail,
        query=(USER_ID, RESPONSE_FIELDS), summary="Mail the customer about the credit again", **_WRITE,
    ),
    Operation(
        id="getTransactions", method="GET", path=f"{_ONE}/transactions", handler=list_transactions, query=LIST,
        answer=CreditTransactionCollection, summary="List the movements of a credit", **_READ,
    ),
    Operation(
        id="addTransaction", method="POST", path=f"{_ONE}/transactions", handler=add_transaction,
        query=(RESPONSE_FIELDS,), body=CreditTransaction, answer=CreditTransaction, status=201, replays="yes",
        summary="Debit a credit or add to it", **_WRITE,
    ),
    Operation(
        id="getAuditEntries", method="GET", path=f"{_ONE}/auditentries", handler=list_audit_entries, query=LIST,
        answer=CreditAuditEntryCollection, summary="Read the history of a credit", **_READ,
    ),
)  # fmt: skip
