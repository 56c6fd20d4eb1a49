"""Tags, and how other resources carry them: a relationship that is set as a whole, and two triggers (behaviour 6)."""

from collections.abc import Awaitable, Callable

from patron.jsonapi.resources import EVENT_STORES, Attribute, Change, Relationship, Resource, common, text
from patron.kernel.context import Ctx
from patron.tags import actions, tagging
from patron.tags.records import TAGS as LISTING
from patron.tags.records import of


async def create(ctx: Ctx, change: Change) -> int:
    """A tag that is on nothing yet."""
    return await actions.create(ctx, change.attributes)


async def update(ctx: Ctx, number: int, change: Change) -> None:
    """Change what is given."""
    await actions.update(ctx, number, change.attributes, expect=change.expect)


async def delete(ctx: Ctx, number: int, expect: frozenset[int] | None) -> None:
    """Remove one from wherever it is."""
    await actions.delete(ctx, number, expect=expect)


Touch = Callable[[Ctx, int], Awaitable[None]]

TAGS = Resource(
    type="tags",
    listing=LISTING,
    attributes=(text("name", required=True), *common()),
    relationships=(EVENT_STORES,),
    create=create,
    update=update,
    delete=delete,
)

TRIGGERS = (
    Attribute(name="_add_tags", write="u", private="cu"),
    Attribute(name="_remove_tags", write="u", private="cu"),
)


def tags_of(kind: tagging.Kind) -> Relationship:
    """The relationship `tags` of a resource whose rows are of this kind."""
    return Relationship(
        name="tags", targets=("tags",), to_many=True, key="owner_id", listing=of(kind), filters=True, write="cu",
        is_private=True,
    )  # fmt: skip


def names_tags(change: Change) -> bool:
    """Whether a change says anything about tags."""
    return "tags" in change.relationships or not change.triggers.keys().isdisjoint(("_add_tags", "_remove_tags"))


async def put(ctx: Ctx, change: Change, kind: tagging.Kind, number: int, touch: Touch) -> None:
    """Tag a record as a change says, if it says anything; `touch` locks the record and raises its version."""
    if names_tags(change):
        await touch(ctx, number)
        await apply(ctx, tagging.Owner(kind, number), change)


async def apply(ctx: Ctx, owner: tagging.Owner, change: Change) -> bool:
    """Tag a record, which is locked, as a change says. Answers whether that changed anything, so that the caller
    raises the version.
    """
    triggers = change.triggers
    return await tagging.change(
        ctx, owner, put=change.relationships.get("tags"), add=triggers.get("_add_tags"),
        remove=triggers.get("_remove_tags"),
    )  # fmt: skip
