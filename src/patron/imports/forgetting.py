"""What imports and exports keep of a customer who is forgotten: rows that came in, what was wrong with them, files."""

from patron.accounts.model import Account
from patron.kernel.context import Ctx

TEXT = "anonymized"


async def forget(ctx: Ctx, account: Account) -> None:
    """Take a customer out of all jobs, by the address and the names that rows are known by."""
    names = [name.strip().lower() for name in (account.email, account.user_name, account.external_id) if name]
    await _rows(ctx, (account.email or "").strip().lower(), account.external_id)
    await ctx.db.execute(
        "update import_problem set row_key = $3 where tenant_id = $1 and lower(row_key) = any($2::text[])",
        ctx.tenant_id,
        names,
        TEXT,
    )
    await _files(ctx)


async def _rows(ctx: Ctx, email: str, external_id: str | None) -> None:
    """Rows that hold the address anywhere become null: the others keep their places, and nobody is made of these."""
    holds = """(exists (select from jsonb_path_query(r.row, '$.** ? (@.type() == "string")') v
                        where btrim(lower(v #>> '{}')) = $2)
                or r.row ->> 'external_id' = $3)"""
    await ctx.db.execute(
        f"""
        update import_job j set version = version + 1, updated_at = $4, inputs = (
            select jsonb_agg(case when {holds} then 'null'::jsonb else r.row end order by r.place)
            from jsonb_array_elements(j.inputs) with ordinality r (row, place))
        where j.tenant_id = $1 and j.source = 'inputs' and exists (
            select from jsonb_array_elements(j.inputs) r (row) where {holds})
        """,
        ctx.tenant_id,
        email,
        external_id,
        ctx.now,
    )


async def _files(ctx: Ctx) -> None:
    """Nobody knows what of a customer is in a file, by which name: so all files of the shop go, and the exports that
    are being written begin again.
    """
    await ctx.db.execute("delete from export_part where tenant_id = $1", ctx.tenant_id)
    await ctx.db.execute(
        """
        update export_job set version = version + 1, updated_at = $2,
               link_key = case when status = 'completed' then '' else link_key end,
               status = case when status = 'in_progress' then 'pending' else status end,
               last_id = case when status = 'completed' then last_id else 0 end,
               processed_count = case when status = 'completed' then processed_count else 0 end
        where tenant_id = $1 and link_key <> ''
        """,
        ctx.tenant_id,
        ctx.now,
    )
