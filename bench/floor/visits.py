"""The floor's visits: a batch is one statement that writes the rows that Patron writes, and counts on the accounts."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from bench.floor.bodies import ENCODE
from bench.floor.writes import BY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Visit(msgspec.Struct, rename="camel"):
    """A visit, as sent."""

    type: str
    web_user_agent: str
    web_session_id: str
    web_referrer: str
    account_id: int | None = None
    user_id: str | None = None


READ = msgspec.json.Decoder(list[Visit]).decode

_RECORD = """
    with given as (
        select * from unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
                             $10::bigint[])
            as g (id, kind, account_id, user_id, session_id, referrer, user_agent, visitor)
    ), locked as (
        select id from account where tenant_id = $1 and id = any($5::bigint[]) order by id for update
    ), counted as (
        update account a set version = version + 1, visit_count = a.visit_count + g.visits, last_visit_at = $2
        from (select account_id, count(*) as visits from given group by 1) g join locked on locked.id = g.account_id
        where a.tenant_id = $1 and a.id = g.account_id
    ), by_month as (
        insert into visit_count as n (tenant_id, month_at, slot, visits)
        select $1, date_trunc('month', $2::timestamptz), $11, count(*) from given
        on conflict (tenant_id, month_at, slot) do update set visits = n.visits + excluded.visits
    ), seen as (
        insert into visitor as w (tenant_id, id, first_at, last_at)
        select distinct $1::bigint, visitor, $2::timestamptz, $2::timestamptz from given order by 2
        on conflict (tenant_id, id) do update set last_at = excluded.last_at
        where excluded.last_at > w.last_at + interval '1 day'
    ), told as (
        insert into event (tenant_id, at, topic, subject, changes, actor_kind, actor, application, site_id, request_id)
        values ($1, $2, 'visits.recorded', '', $12, 'application', $13, $13, $14, $15)
    )
    insert into visit (tenant_id, at, id, kind, account_id, user_id, session_id, referrer, user_agent, visitor, device,
                       site_id, recorded_at)
    select $1, $2, g.*, 'desktop', $14, $2 from given g
"""


async def record(conn: asyncpg.Connection, tenant_id: int, site_id: int, body: bytes) -> bytes:
    """Record visits of now."""
    given = READ(body)
    milliseconds = time.time_ns() // 1_000_000
    now = _EPOCH + timedelta(milliseconds=milliseconds)
    ids = [UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | secrets.randbits(62)) for _ in given]
    await conn.execute(
        _RECORD,
        tenant_id,
        now,
        ids,
        [one.type for one in given],
        [one.account_id for one in given],
        [one.user_id for one in given],
        [one.web_session_id for one in given],
        [one.web_referrer for one in given],
        [one.web_user_agent for one in given],
        [one.account_id or hash(one.user_id) for one in given],
        secrets.randbelow(16),
        {"visits": (None, len(given))},
        BY,
        site_id,
        secrets.token_hex(16),
    )
    answer: dict[str, Any] = {"ids": [one.hex for one in ids], "recorded": len(given), "known": 0}
    return ENCODE(answer)
