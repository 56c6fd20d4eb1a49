"""Notes of an account, in this dialect: the staff's, never a shopper's (Kibo behaviour 12)."""

from typing import Any

from patron.kernel.context import Ctx
from patron.kibo.account_bodies import CustomerNote, shown_note
from patron.kibo.collections import collection
from patron.kibo.parameters import LIST, RESPONSE_FIELDS, ask
from patron.kibo.wire import Paged
from patron.notes import actions, queries
from patron.web.operations import Answer, Call, Operation


class CustomerNoteCollection(Paged):
    """A page of notes."""

    items: list[CustomerNote] | None = None


NAMES = {
    "id": "id",
    "content": "content",
    "createdate": "created_at",
    "updatedate": "updated_at",
    "auditinfo.createdate": "created_at",
    "auditinfo.updatedate": "updated_at",
}


async def list_notes(ctx: Ctx, call: Call) -> Any:
    """The notes of an account."""
    wanted = ask(call, NAMES, queries.FIELDS)
    return collection(CustomerNoteCollection, wanted, await queries.list_of(ctx, call.account_id, wanted), shown_note)


async def get_note(ctx: Ctx, call: Call) -> Any:
    """One note."""
    note = await queries.get(ctx, call.account_id, call.id("noteId", "note"))
    return Answer(shown_note(note), version=note.version)


async def add_note(ctx: Ctx, call: Call) -> Any:
    """Write one."""
    note = await actions.add(ctx, call.account_id, call.body.content)
    return Answer(shown_note(note), version=note.version)


async def update_note(ctx: Ctx, call: Call) -> Any:
    """Replace one."""
    note_id = call.id("noteId", "note")
    note = await actions.update(ctx, call.account_id, note_id, call.body.content, expect=call.expect)
    return Answer(shown_note(note), version=note.version)


async def delete_note(ctx: Ctx, call: Call) -> Any:
    """Remove one."""
    await actions.delete(ctx, call.account_id, call.id("noteId", "note"), expect=call.expect)


_PATH = "/commerce/customer/accounts/{accountId}/notes"
_ONE = f"{_PATH}/{{noteId}}"
_READ: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:read"}
_WRITE: dict[str, Any] = {"group": "CustomerAccount", "scope": "customer:update", "changes": True}

OPERATIONS = (
    Operation(
        id="getAccountNotes", method="GET", path=_PATH, handler=list_notes, query=LIST,
        answer=CustomerNoteCollection, summary="List an account's notes", **_READ,
    ),
    Operation(
        id="getAccountNote", method="GET", path=_ONE, handler=get_note, query=(RESPONSE_FIELDS,),
        answer=CustomerNote, versioned=True, summary="Read a note", **_READ,
    ),
    Operation(
        id="addAccountNote", method="POST", path=_PATH, handler=add_note, query=(RESPONSE_FIELDS,),
        body=CustomerNote, answer=CustomerNote, status=201, replays="yes", versioned=True,
        summary="Write a note", **_WRITE,
    ),
    Operation(
        id="updateAccountNote", method="PUT", path=_ONE, handler=update_note, query=(RESPONSE_FIELDS,),
        body=CustomerNote, answer=CustomerNote, versioned=True, summary="Replace a note", **_WRITE,
    ),
    Operation(
        id="deleteAccountNote", method="DELETE", path=_ONE, handler=delete_note, status=204, versioned=True,
        summary="Remove a note", **_WRITE,
    ),
)  # fmt: skip
