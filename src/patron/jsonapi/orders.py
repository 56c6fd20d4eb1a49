"""Orders: what they say of their customers (Commerce Layer behaviour 6). There are no lines, stock or gateways here.

Beyond the contract an integration may send `currency_code` and `total_amount_cents`: the shop's own system knows them.
"""

from typing import Any

from patron.jsonapi import tags
from patron.jsonapi.amounts import amount
from patron.jsonapi.attachments import attachments_of
from patron.jsonapi.events import events_of
from patron.jsonapi.payment_sources import EVERY_TYPE, TYPES, named
from patron.jsonapi.resources import (
    EVENT_STORES,
    Attribute,
    Change,
    Kind,
    Relationship,
    Resource,
    common,
    elsewhere,
    text,
)
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.query import Compare, Every
from patron.logins import actions as logins
from patron.orders import actions, payments, places, rows, steps
from patron.orders.records import ORDERS as LISTING
from patron.orders.records import WALLET_OF_ORDER

_COLUMNS = {
    "currency_code": "currency",
    "total_amount_cents": "total_minor",
    "shipping_country_code_lock": "country_lock",
    **{
        name: name
        for name in (
            *("number", "language_code", "affiliate_code", "coupon_code", "gift_card_code", "gift_card_or_coupon_code"),
            *("cart_url", "return_url", "terms_url", "privacy_url", "expiration_info", "expires_at"),
            *("reference", "reference_origin", "metadata"),
        )
    },
}
# Kept for whoever sent them; nothing here depends on them.
_FLAGS = {
    "autorefresh": True, "place_async": False, "freight_taxable": False, "payment_method_taxable": False,
    "adjustment_taxable": False, "gift_card_taxable": False,
}  # fmt: skip
# What null means for columns that are never null.
_UNSET: dict[str, Any] = {"total_amount_cents": 0, "language_code": "en", "metadata": {}}
# In the order in which they are taken when several come at once.
_STEPS = {
    "_pending": "pending", "_place": "place", "_approve": "approve", "_approve_and_capture": "approve",
    "_start_editing": "start_editing", "_stop_editing": "stop_editing", "_authorize": "authorize",
    "_capture": "capture", "_fulfill": "fulfill", "_refund": "refund", "_cancel": "cancel", "_archive": "archive",
    "_unarchive": "unarchive",
}  # fmt: skip
_FOR_STAFF = (
    "_pending", "_approve", "_approve_and_capture", "_start_editing", "_stop_editing", "_capture", "_fulfill",
    "_refund", "_fix_payment_source", "_refresh_prices", "_reset_circuit",
    "_authorize",  # nothing is paid here: who says that it was has to know
)  # fmt: skip
# There are no prices, taxes, invoices, lines and gateways here, so that there is nothing to do.
_IDLE = ("_update_taxes", "_commit_invoice", "_refund_invoice", "_create_subscriptions", "_reset_circuit")
_PAYING = {
    "_nullify_payment_source": lambda ctx, number: payments.put(ctx, number, None),
    "_fix_payment_source": payments.mend,
}
_LAST = {
    "_validate": steps.check_placing,
    "_refresh": steps.refresh,
    "_refresh_prices": steps.refresh,
    "_save_payment_source_to_customer_wallet": payments.save,
}


async def prepare(ctx: Ctx, change: Change) -> logins.Credential | None:
    """Hash the password of a customer who signs up with the order. Raises Invalid, TooMany."""
    password = change.attributes.get("customer_password")
    return None if password is None else await logins.prepare(ctx, password)


async def create(ctx: Ctx, change: Change) -> int:
    """A draft; with a customer it is pending."""
    number = await actions.create(ctx, _values(change))
    await _customer(ctx, number, change, creates=True)
    await _addresses(ctx, number, change)
    await _payment(ctx, number, change)
    await tags.put(ctx, change, "order", number, rows.touch)
    return number


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given, then take the steps that are asked for."""
    await actions.update(ctx, number, _values(change), expect=change.expect)
    await _customer(ctx, number, change, creates=False)
    await _addresses(ctx, number, change)
    await _payment(ctx, number, change)
    for name, step in _STEPS.items():
        if change.triggers.get(name):
            await steps.take(ctx, number, step)
    if change.triggers.get("_approve_and_capture"):
        await steps.take(ctx, number, "capture")
    for name, last in _LAST.items():
        if change.triggers.get(name):
            await last(ctx, number)
    await tags.put(ctx, change, "order", number, rows.touch)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one that was never placed."""
    await actions.delete(ctx, number, expect=expect)


def _values(change: Change) -> dict[str, Any]:
    given = change.attributes
    values = {_COLUMNS[name]: _UNSET.get(name) if value is None else value
              for name, value in given.items() if name in _COLUMNS}  # fmt: skip
    if flags := {name: _FLAGS[name] if value is None else value for name, value in given.items() if name in _FLAGS}:
        values["options"] = flags
    sold = {"market": "site_id", "store": "store_id"}
    return values | {
        column: change.relationships[name] for name, column in sold.items() if name in change.relationships
    }


async def _customer(ctx: Ctx, number: int, change: Change, *, creates: bool) -> None:
    """Whose order it is: a shopper's own, the customer who is named, or the one behind an address."""
    if ctx.actor.kind == "shopper":
        if creates:
            await actions.put_customer(ctx, number, ctx.actor.account_id, is_guest=False)
        return
    if "customer" in change.relationships:
        account_id = change.relationships["customer"]
        await actions.put_customer(ctx, number, account_id, is_guest=account_id is None)
    elif email := change.attributes.get("customer_email"):
        account_id = await actions.customer_by_email(ctx, email, change.prepared)
        is_guest = change.attributes.get("guest") is not False and change.prepared is None
        await actions.put_customer(ctx, number, account_id, is_guest=is_guest)
    elif change.attributes.get("customer_password"):
        raise Invalid.field("email", "can't be blank", "missing")


async def _addresses(ctx: Ctx, number: int, change: Change) -> None:
    """The addresses that are named, copied, made alike, and put into the customer's book; in this order."""
    kinds: tuple[places.Which, ...] = ("billing", "shipping")
    links = change.relationships
    named = {which: links[f"{which}_address"] for which in kinds if f"{which}_address" in links}
    if named:
        await places.put(ctx, number, named)
    for which in kinds:
        if (copied := change.triggers.get(f"_{which}_address_clone_id")) is not None:
            await places.clone(ctx, number, which, copied)
    for which in kinds:
        if change.triggers.get(f"_{which}_address_same_as_{places.OTHER[which]}"):
            await places.same(ctx, number, which)
    for which in kinds:
        if change.triggers.get(f"_save_{which}_address_to_customer_address_book"):
            await places.save(ctx, number, which)


async def _payment(ctx: Ctx, number: int, change: Change) -> None:
    """What the order is paid with, and how much of it the next authorization is for."""
    triggers = change.triggers
    if "payment_source" in change.relationships:
        await payments.put(ctx, number, named(change))
    if (entry := triggers.get("_customer_payment_source_id")) is not None:
        await payments.use_entry(ctx, number, entry)
    for name, pay in _PAYING.items():
        if triggers.get(name):
            await pay(ctx, number)
    if (amount_cents := triggers.get("_authorization_amount_cents")) is not None:
        await steps.set_authorization(ctx, number, amount_cents)


def _plain(*names: str, kind: Kind = "string", column: str = "nothing", filters: bool = False) -> tuple[Attribute, ...]:
    field = {"nothing": "nothing", "zero": "zero", "no": "no"}[column] if filters else None
    if filters and kind == "date-time":
        field = "never"
    return tuple(Attribute(name=one, kind=kind, column=column, field=field, sorts=filters) for one in names)


def _time(*names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name=one, kind="date-time", column=one, field=one, sorts=True) for one in names)


def _flag(name: str, default: bool) -> Attribute:
    listed = name == "place_async"
    return Attribute(
        name=name, kind="boolean", column="options", field="no" if listed else None, sorts=listed, write="cu",
        show=lambda options: options.get(name, default),
    )  # fmt: skip


_STATUS = ("draft", "pending", "editing", "placing", "placed", "approved", "cancelled")
_LISTED = (
    "discount",
    "adjustment",
    "gift_card",
    "total_tax",
    "subtotal_tax",
    "shipping",
    "payment_method",
    "fees",
    "duty",
)
_UNLISTED = (
    "shipping_tax", "payment_method_tax", "adjustment_tax", "total_taxable", "subtotal_taxable", "shipping_taxable",
    "payment_method_taxable", "adjustment_taxable",
)  # fmt: skip
_GUESTS = Compare("is_guest", "eq", True)
_SHOWN = Every((_GUESTS, Compare("status", "same", ("draft", "pending", "placed"))))
_CHANGED = Every((_GUESTS, Compare("status", "same", ("draft", "pending"))))

ORDERS = Resource(
    type="orders",
    listing=LISTING,
    attributes=(
        text("number", private="cu"),
        text("affiliate_code"),
        *(_flag(name, default) for name, default in _FLAGS.items()),
        Attribute(name="status", column="status", field="status", sorts=True, enum=_STATUS),
        Attribute(name="payment_status", column="payment_status", field="payment_status", sorts=True),
        Attribute(name="fulfillment_status", column="fulfillment_status", field="fulfillment_status", sorts=True),
        Attribute(name="guest", kind="boolean", column="is_guest", field="is_guest", sorts=True, write="cu"),
        Attribute(name="editable", kind="boolean", column="is_editable"),
        Attribute(name="customer_email", column="email", field="email", write="cu"),
        Attribute(name="customer_password", write="cu"),
        Attribute(name="customer_type", column="customer_type"),
        text("language_code"),
        text("currency_code", "currency", private="cu"),
        *_plain("tax_included", kind="boolean", column="no", filters=True),
        *_plain("tax_rate", kind="float", filters=True),
        *_plain("requires_billing_info", kind="boolean", column="no"),
        Attribute(name="country_code", column="country", field="country", sorts=True),
        Attribute(name="shipping_country_code_lock", column="country_lock", write="cu"),
        text("coupon_code"),
        text("gift_card_code"),
        Attribute(name="gift_card_or_coupon_code", column="gift_card_or_coupon_code", write="cu"),
        *amount("subtotal_amount", "total_minor", filters=True),
        *(one for name in _LISTED for one in amount(f"{name}_amount", "zero", filters=True)),
        *(one for name in _UNLISTED for one in amount(f"{name}_amount", "zero")),
        *amount("total_amount", "total_minor", filters=True, write="cu"),
        *amount("total_amount_with_taxes", "total_minor"),
        *amount("place_total_amount", "total_minor"),
        *_plain("skus_count", "line_item_options_count", "shipments_count", kind="integer", column="zero"),
        *_plain("tax_calculations_count", "validations_count", "errors_count", kind="integer", column="zero"),
        Attribute(
            name="payment_source_details", kind="object", column="payment_source_details",
            field="payment_source_details",
        ),
        Attribute(name="token", column="token", field="token"),
        Attribute(name="cart_url", column="cart_url", write="cu"),
        Attribute(name="return_url", column="return_url", write="cu"),
        Attribute(name="terms_url", column="terms_url", write="cu"),
        Attribute(name="privacy_url", column="privacy_url", write="cu"),
        *_plain("checkout_url"),
        *_time("placed_at", "approved_at", "cancelled_at", "archived_at"),
        *_time("payment_updated_at", "fulfillment_updated_at"),
        *_time("refreshed_at"),
        *_plain("subscription_created_at", kind="date-time", filters=True),
        Attribute(
            name="expires_at", kind="date-time", column="expires_at", field="expires_at", sorts=True, write="cu",
            private="cu",
        ),
        Attribute(name="expiration_info", kind="object", column="expiration_info", write="cu", private="cu"),
        *_plain("circuit_state", filters=True),
        *_plain("circuit_failure_count", kind="integer", column="zero", filters=True),
        *common(),
    ),
    triggers=(
        *(Attribute(name=one, kind="boolean", write="u", private="u" if one in _FOR_STAFF else "") for one in _STEPS),
        *(
            Attribute(name=f"_{which}_address_clone_id", write="u", names="addresses")
            for which in ("billing", "shipping")
        ),
        Attribute(name="_customer_payment_source_id", write="u", names="customer_payment_sources"),
        Attribute(name="_authorization_amount_cents", kind="integer", write="u", private="u"),
        *(
            Attribute(name=name, kind="boolean", write="u", private="u" if name in _FOR_STAFF else "")
            for name in (
                *(*_PAYING, *_LAST, *_IDLE),
                *("_shipping_address_same_as_billing", "_billing_address_same_as_shipping"),
                *("_save_shipping_address_to_customer_address_book", "_save_billing_address_to_customer_address_book"),
            )
        ),
        *tags.TRIGGERS,
    ),
    relationships=(
        Relationship(name="market", targets=("markets",), own="site_id", filters=True, write="cu"),
        Relationship(name="store", targets=("stores",), own="store_id", filters=True, write="cu"),
        Relationship(name="customer", targets=("customers",), own="account_id", filters=True, write="cu"),
        Relationship(
            name="shipping_address", targets=("addresses",), own="shipping_address_id", filters=True, write="cu"
        ),
        Relationship(
            name="billing_address", targets=("addresses",), own="billing_address_id", filters=True, write="cu"
        ),
        *(
            elsewhere(f"default_{name}_method", f"{name}_methods", to_many=False, is_virtual=True)
            for name in ("shipping", "payment")
        ),
        *(
            elsewhere(f"available_{name}", target, is_virtual=True)
            for name, target in {
                "payment_methods": "payment_methods",
                "free_skus": "skus",
                "free_bundles": "bundles",
            }.items()
        ),
        Relationship(
            name="available_customer_payment_sources", targets=("customer_payment_sources",), to_many=True,
            key="order_id", listing=WALLET_OF_ORDER, is_virtual=True,
        ),
        elsewhere("payment_method", "payment_methods", to_many=False, filters=True, write="cu"),
        Relationship(
            name="payment_source", targets=EVERY_TYPE, own="payment_source_id", kind="payment_source_kind",
            types=TYPES, filters=True, write="cu",
        ),
        elsewhere("discount_engine_item", "discount_engine_items", to_many=False, filters=True),
        elsewhere("transactions", "authorizations", "voids", "captures", "refunds", filters=True),
        *(
            elsewhere(name, filters=True)
            for name in (
                *("line_items", "line_item_options", "stock_reservations", "stock_line_items", "stock_transfers"),
                *("shipments", "payment_options", "authorizations", "captures", "voids", "refunds"),
                *("order_copies", "recurring_order_copies", "notifications", "links", "resource_errors"),
            )
        ),
        elsewhere("order_factories"),
        events_of("orders", "order"),
        attachments_of("order"),
        Relationship(name="returns", targets=("returns",), to_many=True, key="order_id", filters=True),
        Relationship(
            name="order_subscriptions",
            targets=("order_subscriptions",),
            to_many=True,
            key="source_order_id",
            filters=True,
        ),
        elsewhere("order_subscription", "order_subscriptions", to_many=False, filters=True),
        tags.tags_of("order"),
        EVENT_STORES,
    ),
    prepare=prepare,
    create=create,
    update=update,
    delete=delete,
    guest="CSU",
    customer="LSU",
    owner="account_id",
    guest_reach={"S": _SHOWN, "U": _CHANGED},
    error_names={"email": "customer_email", "currency": "currency_code", "total_minor": "total_amount_cents",
                 "country_lock": "shipping_country_code_lock", "site_id": "market", "store_id": "store",
                 "authorization_minor": "_authorization_amount_cents",
                 **{one: f"_{one}" for one in
                    (payments.ENTRY, "shipping_address_clone_id", "billing_address_clone_id")}},
)  # fmt: skip
