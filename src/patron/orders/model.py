"""The life of an order: which step leads from where to where (Commerce Layer behaviour 6)."""

from typing import Any, Literal

import msgspec

from patron.kernel.errors import Invalid
from patron.kernel.values import check_currency
from patron.kernel.written import check_length

Step = Literal[
    "pending", "place", "approve", "cancel", "archive", "unarchive", "authorize", "capture", "refund", "fulfill",
    "start_editing", "stop_editing",
]  # fmt: skip

TOTAL_MINOR_MAX = 10**15
OPEN = ("draft", "pending")
# From which states a step is taken; from its own end it may be asked again, and changes nothing.
FROM: dict[str, tuple[str, ...]] = {
    "pending": ("draft",),
    "place": ("draft", "pending"),
    "approve": ("placed",),
    "cancel": ("draft", "pending", "editing", "placed", "approved"),
    "start_editing": ("placed",),
    "stop_editing": ("editing",),
}
ENDS = {
    "pending": "pending",
    "place": "placed",
    "approve": "approved",
    "cancel": "cancelled",
    "start_editing": "editing",
    "stop_editing": "placed",
}
PAYMENTS = {"authorize": "authorized", "capture": "paid", "refund": "refunded"}
# Where a payment is past the step already.
BEYOND = {
    "authorize": ("authorized", "paid", "partially_paid", "refunded"),
    "capture": ("paid", "partially_paid", "refunded"),
}
# Where only a part of the total was authorized.
PARTLY = {"authorized": "partially_authorized", "paid": "partially_paid"}

_LENGTHS = {
    "number": 100, "language_code": 5, "country_lock": 2, "affiliate_code": 100, "coupon_code": 100,
    "gift_card_code": 100, "gift_card_or_coupon_code": 100, "cart_url": 2_000, "return_url": 2_000,
    "terms_url": 2_000, "privacy_url": 2_000, "reference": 200, "reference_origin": 200,
}  # fmt: skip


class Order(msgspec.Struct, frozen=True):
    """What steps depend on. The fields stand in the order of `orders.rows.COLUMNS`."""

    id: int
    version: int
    status: str
    account_id: int | None
    is_guest: bool
    currency: str
    total_minor: int
    shipping_address_id: int | None
    billing_address_id: int | None
    site_id: int | None
    store_id: int | None
    payment_status: str
    payment_source_id: int | None
    saves_payment_source: bool
    authorization_minor: int | None
    fulfillment_status: str

    @property
    def is_retractable(self) -> bool:
        """Whether its customer may still take it back: the shop has not done anything for it."""
        untouched = self.payment_status == "unpaid" and self.fulfillment_status == "unfulfilled"
        return self.is_open or (self.status == "placed" and untouched)

    @property
    def is_payable(self) -> bool:
        """Whether what it is paid with may still be another."""
        return self.status != "cancelled" and self.payment_status == "unpaid"

    @property
    def is_open(self) -> bool:
        """Whether it may still be put together."""
        return self.status in OPEN

    @property
    def transaction_id(self) -> str:
        """The id of the account transaction that placing it writes; cancelling writes another."""
        return f"order-{self.id}"


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """What a caller wrote, in the form in which it is stored. Raises Invalid."""
    made = dict(values)
    for name, length in _LENGTHS.items():
        text = made.get(name)
        check_length(name, text, length)
        if name in made:
            made[name] = (text or "").strip() or None
    if "language_code" in made and not made["language_code"]:
        made["language_code"] = "en"
    if made.get("currency") is not None:
        try:
            made["currency"] = check_currency(made["currency"])
        except ValueError:
            raise Invalid.field("currency", "is not included in the list", "inclusion") from None
    else:
        made.pop("currency", None)
    if "total_minor" in made and not 0 <= (made["total_minor"] or 0) <= TOTAL_MINOR_MAX:
        raise Invalid.field("total_minor", "must be greater than or equal to 0", "greater_than_or_equal_to")
    if "metadata" in made:
        made["metadata"] = made["metadata"] or {}
    return made


def check_step(order: Order, step: str, *, by_shopper: bool = False) -> bool:
    """Whether a step changes something: False when the order is where it leads to. Raises Invalid."""
    if ENDS[step] == order.status or (step == "place" and order.status == "approved"):
        return False
    if order.status not in FROM[step] or (by_shopper and step == "cancel" and not order.is_retractable):
        raise Invalid.field("status", f"cannot transition via {step} from {order.status}", "invalid_transition")
    if step == "place" and order.account_id is None:
        raise Invalid.field("customer", "can't be blank", "missing")
    return True
