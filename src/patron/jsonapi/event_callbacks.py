"""Event callbacks: every call of a webhook, with what was sent and what was answered (Commerce Layer behaviour 8)."""

from patron.jsonapi.resources import EVENT_STORES, Attribute, Relationship, Resource, common
from patron.webhooks.records import CALLBACKS as LISTING

EVENT_CALLBACKS = Resource(
    type="event_callbacks",
    listing=LISTING,
    attributes=(
        Attribute(name="callback_url", column="url", field="url"),
        Attribute(name="payload", kind="object", column="payload"),
        Attribute(name="response_code", column="status", field="status", sorts=True),
        Attribute(name="response_message", column="message", field="message", sorts=True),
        *common(),
    ),
    relationships=(
        Relationship(name="webhook", targets=("webhooks",), own="webhook_id", filters=True),
        EVENT_STORES,
    ),
)
