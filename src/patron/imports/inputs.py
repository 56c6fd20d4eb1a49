"""The rows that come with an import through the API. Their passwords and hashes are kept apart, sealed."""

from typing import Any

import msgspec

from patron.imports import jobs
from patron.kernel.context import Ctx

SECRET = frozenset({"password", "password_hash", "customer_password"})
_PURPOSE = "passwords of an import"


async def create(ctx: Ctx, rows: list[Any], format_: str, **more: Any) -> int:
    """A new import of these rows, for the worker. Their passwords and hashes are kept apart, sealed."""
    hidden: dict[str, dict[str, Any]] = {}
    for place, row in enumerate(rows):
        found = {name: row[name] for name in SECRET & row.keys()} if isinstance(row, dict) else {}
        if found:
            hidden[str(place)] = found
            rows[place] = {name: value for name, value in row.items() if name not in found}
    sealed = ctx.secrets.vault.seal(msgspec.json.encode(hidden), _PURPOSE) if hidden else None
    more |= {"inputs": rows, "inputs_size": len(rows), "sealed_passwords": sealed}
    return await jobs.create(ctx, source="inputs", format_=format_, on_existing="update", **more)


async def every(ctx: Ctx, job_id: int) -> list[Any]:
    """The rows that came with a job."""
    row = await ctx.db.row(
        "select inputs, sealed_passwords from import_job where tenant_id = $1 and id = $2", ctx.tenant_id, job_id
    )
    if row is None:
        return []
    rows: list[Any] = list(row["inputs"] or ())
    if row["sealed_passwords"] is not None:
        for place, hidden in _opened(ctx, row["sealed_passwords"]).items():
            if isinstance(rows[place], dict):  # else its customer was forgotten
                rows[place] = rows[place] | hidden
    return rows


async def some(ctx: Ctx, job_id: int, behind: int, count: int) -> list[Any]:
    """The next rows that came with a job, behind a place: without reading all the others each time."""
    row = await ctx.db.row(
        """
        select sealed_passwords, jsonb_path_query_array(inputs, '$[$from to $to]',
                   jsonb_build_object('from', $3::bigint, 'to', $4::bigint)) as some
        from import_job where tenant_id = $1 and id = $2
        """,
        ctx.tenant_id,
        job_id,
        behind,
        behind + count - 1,
    )
    if row is None:
        return []
    rows: list[Any] = list(row["some"])
    if row["sealed_passwords"] is not None:
        for place, hidden in _opened(ctx, row["sealed_passwords"]).items():
            if 0 <= place - behind < len(rows) and isinstance(rows[place - behind], dict):
                rows[place - behind] = rows[place - behind] | hidden
    return rows


def _opened(ctx: Ctx, sealed: bytes) -> dict[int, dict[str, Any]]:
    hidden = msgspec.json.decode(ctx.secrets.vault.open(sealed, _PURPOSE))
    return {int(place): values for place, values in hidden.items()}
