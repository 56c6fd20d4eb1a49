"""Webhooks: addresses that get a resource when something happens to it (Commerce Layer behaviour 8)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from patron.jsonapi import asking
from patron.jsonapi.errors import Refusal
from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid
from patron.kernel.secrets import random_token
from patron.webhooks import actions, queries
from patron.webhooks.model import SECRET_PURPOSE, Details
from patron.webhooks.records import WEBHOOKS as LISTING

# Attributes as the core calls them; the topic is the only one of its list.
_FIELDS = {"callback_url": "url", "include_resources": "includes", "topic": "topics"}


def topic_type(topic: str) -> str:
    """The type of resource that a topic is about: `customers` of `customers.create`."""
    return topic.partition(".")[0]


def _given(change: Change) -> dict[str, Any]:
    given = {_FIELDS.get(name, name): value for name, value in change.attributes.items()}
    if "topics" in given:
        given["topics"] = [given["topics"]] if given["topics"] else []
    return given


def _check_includes(served: Mapping[str, Resource], topic: str, paths: list[Any]) -> None:
    """Refuse what could not be included. Of types that we do not serve nothing is known."""
    resource = served.get(topic_type(topic))
    if resource is None or not paths:
        return
    try:
        include_tree(served, resource, paths)
    except Refusal as refusal:
        raise Invalid.field("includes", refusal.message) from None


def include_tree(served: Mapping[str, Resource], resource: Resource, paths: list[Any]) -> asking.Tree:
    """What to include, of dotted names. Raises Refusal."""
    return asking.read(f"include={','.join(map(str, paths))}".encode("ascii", "replace"), resource, served,
                       is_list=False).include  # fmt: skip


async def _pull(ctx: Ctx, number: int, change: Change) -> None:
    """Do what the triggers say."""
    triggers = change.triggers
    if triggers.get("_enable"):
        await actions.switch(ctx, number, on=True)
    if triggers.get("_disable"):
        await actions.switch(ctx, number, on=False)
    if triggers.get("_reset_circuit"):
        await actions.reset_circuit(ctx, number)
    if triggers.get("_regenerate_shared_secret"):
        await actions.renew_secret(ctx, number, random_token())


def declared(served: Mapping[str, Resource]) -> Resource:
    """The resource. `served` is all of them, for checking what a webhook shall include."""

    async def create(ctx: Ctx, change: Change) -> int:
        """A webhook with a secret of our making, in use unless told otherwise."""
        given = _given(change)
        _check_includes(served, given["topics"][0], given.get("includes") or [])
        number = await actions.create(ctx, "jsonapi", msgspec.convert(given, Details), random_token())
        await _pull(ctx, number, change)
        return number

    async def update(ctx: Ctx, number: int, change: Change) -> None:
        """Change what is given, then do what the triggers say."""
        given = _given(change)
        if given.get("includes"):
            topic = (given.get("topics") or (await queries.get(ctx, number)).topics or [""])[0]
            _check_includes(served, topic, given["includes"])
        await actions.update(ctx, number, msgspec.convert(given, Details), expect=change.expect)
        await _pull(ctx, number, change)

    async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
        """Remove it, with what waits for it."""
        await actions.delete(ctx, number, expect=expect)

    return Resource(
        type="webhooks",
        listing=LISTING,
        attributes=(
            Attribute(name="name", column="name", field="name", write="cu"),
            Attribute(name="topic", column="topic", field="topic", write="cu", required=True),
            Attribute(name="callback_url", column="url", write="cu", required=True),
            Attribute(name="include_resources", kind="array", column="includes", write="cu"),
            Attribute(name="disabled_at", kind="date-time", column="disabled_at", field="disabled_at", sorts=True),
            Attribute(name="circuit_state", column="circuit", field="circuit", sorts=True),
            Attribute(
                name="circuit_failure_count", kind="integer", column="failures", field="failures", sorts=True
            ),
            Attribute(name="shared_secret", column="sealed_secret", sealed_for=SECRET_PURPOSE),
            *common(),
        ),
        relationships=(
            Relationship(name="last_event_callbacks", targets=("event_callbacks",), to_many=True, key="webhook_id",
                         is_virtual=True),
            EVENT_STORES,
        ),
        triggers=(
            Attribute(name="_disable", kind="boolean", write="cu"),
            Attribute(name="_enable", kind="boolean", write="cu"),
            Attribute(name="_reset_circuit", kind="boolean", write="u", private="u"),
            Attribute(name="_regenerate_shared_secret", kind="boolean", write="u"),
        ),
        create=create,
        update=update,
        delete=delete,
        error_names={"url": "callback_url", "includes": "include_resources", "topics": "topic"},
    )  # fmt: skip
