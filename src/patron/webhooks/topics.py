"""What our events are called in the two dialects, and which of them an endpoint of each may ask for."""

import re

from patron.kernel.events import TOPICS


def _steps(noun: str, verbs: dict[str, str], field: str = "status") -> tuple[tuple[str, str, str], ...]:
    """Topics of what becomes something: status → verb."""
    return tuple(
        (f"{noun}.updated", f"e.changes -> '{field}' ->> 1 = '{status}'", f"{noun}s.{verb}")
        for status, verb in verbs.items()
    )


# The second dialect's name of an event: our topic, and a further condition of the event `e`. It has no topic for most
# changes (Commerce Layer behaviour 8). `$1` is the tenant.
_DIALECT: tuple[tuple[str, str, str], ...] = (
    ("account.created", "true", "customers.create"),
    ("account.deleted", "true", "customers.destroy"),
    ("login.created", "true", "customers.create_password"),
    ("account.updated", "e.changes ? 'metadata'", "customers.metadata_update"),
    ("account.acquired", "true", "customers.acquired"),
    ("account.repeated", "true", "customers.repeat"),
    ("account.tagged", "true", "customers.tagged"),
    ("anonymization.started", "true", "customers.anonymization_started"),
    ("anonymization.completed", "true", "customers.anonymization_completed"),
    ("anonymization.cancelled", "true", "customers.anonymization_cancelled"),
    ("anonymization.failed", "true", "customers.anonymization_failed"),
    ("contact.created", "true", "customer_addresses.create"),
    ("contact.deleted", "true", "customer_addresses.destroy"),
    ("subscription.created", "true", "customer_subscriptions.create"),
    ("subscription.deleted", "true", "customer_subscriptions.destroy"),
    ("login.reset_requested", "e.subject like 'reset/%'", "customer_password_resets.create"),
    ("login.password_changed", "e.subject like 'reset/%'", "customer_password_resets.reset_password"),
    ("login.reset_withdrawn", "true", "customer_password_resets.destroy"),
    ("return.created", "true", "returns.create"),
    *_steps(
        "return",
        {"requested": "request", "approved": "approve", "shipped": "ship", "rejected": "reject", "received": "receive"},
    ),
    ("return.deleted", "true", "returns.destroy"),
    ("return.tagged", "true", "returns.tagged"),
    ("order_subscription.created", "true", "order_subscriptions.create"),
    *_steps("order_subscription", {"active": "activate", "inactive": "deactivate", "cancelled": "cancel"}),
    ("order_subscription.deleted", "true", "order_subscriptions.destroy"),
    ("address.tagged", "true", "addresses.tagged"),
    ("order.created", "true", "orders.create"),
    ("order.placed", "true", "orders.place"),
    ("order.approved", "true", "orders.approve"),
    ("order.cancelled", "true", "orders.cancel"),
    *_steps("order", {"pending": "pending", "editing": "start_editing", "placed": "stop_editing"}),
    *_steps(
        "order",
        {
            **dict.fromkeys(("authorized", "partially_authorized"), "authorize"),
            **dict.fromkeys(("paid", "partially_paid"), "pay"),
            "refunded": "refund",
        },
        "payment_status",
    ),
    *_steps("order", {"fulfilled": "fulfill"}, "fulfillment_status"),
    ("order.deleted", "true", "orders.destroy"),
    ("order.tagged", "true", "orders.tagged"),
    *(
        (f"{noun}.{ours}", "true", f"{noun}s.{theirs}")
        for noun in ("import", "export")
        for ours, theirs in (
            ("created", "create"),
            ("started", "start"),
            ("completed", "complete"),
            ("interrupted", "interrupt"),
            ("deleted", "destroy"),
        )
    ),
)
DIALECT_NAME = f"(case {' '.join(f'''when e.topic = '{t}' and {w} then '{n}' ''' for t, w, n in _DIALECT)} end)"
DIALECT_SOURCES = ", ".join(f"'{topic}'" for topic in sorted({topic for topic, _, _ in _DIALECT}))


def _named(resource: str, verbs: str) -> list[str]:
    return [f"{resource}.{verb}" for verb in verbs.split()]


_JOB = "complete create destroy interrupt start"
# Every topic of the dialect around customers, also those of which nothing here ever happens: clients set them up.
DIALECT_TOPICS = frozenset(
    _named(
        "customers",
        "create acquired repeat create_password metadata_update tagged destroy anonymization_started"
        " anonymization_completed anonymization_cancelled anonymization_failed",
    )
    + _named("customer_addresses", "create destroy")
    + _named("addresses", "tagged")
    + _named("customer_password_resets", "create reset_password destroy")
    + _named("customer_subscriptions", "create destroy")
    + _named(
        "orders",
        "approve authorize cancel cancel_fulfilling cancel_subscriptions create create_subscriptions destroy draft"
        " fulfill pay pending place placing rebuild_shipments refund start_editing start_fulfilling stop_editing"
        " tagged tax_calculation_failed void",
    )
    + _named(
        "order_subscriptions",
        "activate cancel create deactivate destroy last_run_failed last_run_succeeded renewal",
    )
    + _named("returns", "approve create destroy pending receive reject request restock ship tagged")
    + _named("in_stock_subscriptions", "activate create deactivate destroy notify")
    + _named("imports", _JOB)
    + _named("exports", _JOB)
    + _named("cleanups", _JOB)
)

# Kibo's name of an event (behaviour 15). Whatever hangs on an account changes the account.
_KIBO: dict[str, str] = {
    "account.created": "customeraccount.created",
    "account.deleted": "customeraccount.deleted",
    **dict.fromkeys(
        ("account.updated", "account.disabled", "account.enabled", "contact.created", "contact.updated",
         "contact.deleted", "note.created", "note.updated", "note.deleted", "attribute.created", "attribute.updated",
         "attribute.deleted", "login.created", "login.updated", "login.locked", "login.unlocked",
         "login.password_changed", "login.change_required"),
        "customeraccount.updated",
    ),
    "segment.created": "customersegment.created",
    "segment.updated": "customersegment.updated",
    "segment.deleted": "customersegment.deleted",
    "segment.joined": "customersegment.customeradded",
    "segment.left": "customersegment.customerremoved",
    "credit.created": "credit.created",
    "credit.deleted": "credit.deleted",
    **dict.fromkeys(
        ("credit.updated", "credit.claimed", "credit.left", "credit.debited", "credit.credited", "credit.expired"),
        "credit.updated",
    ),
    "product_attribute.created": "attribute.created",
    "product_attribute.updated": "attribute.updated",
    "product_attribute.deleted": "attribute.deleted",
}  # fmt: skip
_DEFINITION = re.compile(r"definition/(?P<family>[a-z]+)/")
_ATTRIBUTES = {
    f"{family}attribute.{verb}" for family in ("customer", "order") for verb in ("created", "updated", "deleted")
}
KIBO_TOPICS = frozenset(_KIBO.values()) | _ATTRIBUTES
STANDARD_TOPICS = frozenset(TOPICS)
EVERYTHING = "*"


def kibo_topic(topic: str, subject: str) -> str | None:
    """Kibo's name of an event of ours; None where it has none."""
    if topic.startswith("definition."):
        found = _DEFINITION.match(subject)
        family = "order" if found and found["family"] == "order" else "customer"
        return f"{family}attribute.{topic.partition('.')[2]}"
    return _KIBO.get(topic)
