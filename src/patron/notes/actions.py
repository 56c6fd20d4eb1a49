"""Changes of notes."""

from patron.accounts import actions as accounts
from patron.kernel import events
from patron.kernel.context import Ctx
from patron.kernel.errors import Invalid, check_version
from patron.notes import queries
from patron.notes.model import Note, checked

NOTES_AT_ONCE_MAX = 200


async def add(ctx: Ctx, account_id: int, content: str | None) -> Note:
    """Write a note about an account. Raises NotFound, Invalid."""
    await accounts.touch(ctx, account_id)
    text = checked(content)
    (note,) = await insert(ctx, account_id, [text])
    await _record(ctx, "note.created", account_id, note.id, None, text)
    return note


async def insert(ctx: Ctx, account_id: int, contents: list[str]) -> list[Note]:
    """Write notes of an account that the caller has made or locked, in one statement. Raises Invalid."""
    if len(contents) > NOTES_AT_ONCE_MAX:
        raise Invalid.field("notes", f"has at most {NOTES_AT_ONCE_MAX} entries", "too_long")
    rows = await ctx.db.fetch(
        f"""
        insert into note as n (tenant_id, account_id, content, created_at, created_by, updated_at, updated_by)
        select $1, $2, given.content, $4, $5, $4, $5 from unnest($3::text[]) with ordinality as given (content, place)
        order by place returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        account_id,
        contents,
        ctx.now,
        ctx.actor.name,
    )
    return [Note(*row) for row in rows]


async def update(
    ctx: Ctx, account_id: int, note_id: int, content: str | None, *, expect: frozenset[int] | None = None
) -> Note:
    """Replace the content of a note. Raises NotFound, Invalid, Stale."""
    await accounts.touch(ctx, account_id)
    before = await queries.get(ctx, account_id, note_id)
    check_version(before.version, expect)
    text = checked(content)
    row = await ctx.db.row(
        f"""
        update note as n set content = $3, version = version + 1, updated_at = $4, updated_by = $5
        where n.tenant_id = $1 and n.id = $2 returning {queries.COLUMNS}
        """,
        ctx.tenant_id,
        note_id,
        text,
        ctx.now,
        ctx.actor.name,
    )
    assert row is not None
    await _record(ctx, "note.updated", account_id, note_id, before.content, text)
    return Note(*row)


async def delete(ctx: Ctx, account_id: int, note_id: int, *, expect: frozenset[int] | None = None) -> None:
    """Remove a note. Raises NotFound, Stale."""
    await accounts.touch(ctx, account_id)
    before = await queries.get(ctx, account_id, note_id)
    check_version(before.version, expect)
    await ctx.db.execute("delete from note where tenant_id = $1 and id = $2", ctx.tenant_id, note_id)
    await _record(ctx, "note.deleted", account_id, note_id, before.content, None)


async def _record(ctx: Ctx, topic: str, account_id: int, note_id: int, before: str | None, after: str | None) -> None:
    subject = f"note/{note_id}"
    if before != after:
        await events.record(
            ctx, topic, account_id=account_id, subject=subject, changes={f"{subject}/content": (before, after)}
        )
