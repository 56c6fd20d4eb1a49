"""Events: what happened to a resource, named as the topics of webhooks are (Commerce Layer behaviour 6)."""

from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common, text
from patron.kernel.context import Ctx
from patron.webhooks import actions, records


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Write a reference or metadata on it, or send it again to the webhooks that hear of it."""
    if change.attributes:
        await actions.label(ctx, number, change.attributes)
    if change.triggers.get("_trigger"):
        await actions.send_again(ctx, number, "jsonapi")


def events_of(type_: str, noun: str) -> Relationship:
    """The relationship `events` of a resource, which the subjects of events call by a noun."""
    return Relationship(
        name="events", targets=("events",), to_many=True, listing=records.events_of(noun, type_), key="subject_id",
        filters=True,
    )  # fmt: skip


EVENTS = Resource(
    type="events",
    listing=records.EVENTS,
    attributes=(text("name", write=""), *common()),
    relationships=(
        Relationship(name="webhooks", targets=("webhooks",), to_many=True, listing=records.WEBHOOKS_OF_EVENTS,
                     key="event_id", is_virtual=True),
        Relationship(name="last_event_callbacks", targets=("event_callbacks",), to_many=True, key="event_id",
                     is_virtual=True),
        EVENT_STORES,
    ),
    triggers=(Attribute(name="_trigger", kind="boolean", write="u", private="u"),),
    update=update,
)  # fmt: skip
