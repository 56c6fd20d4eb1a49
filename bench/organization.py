"""The second face's side of the run's customers: groups and tags that some of them have, and how it is asked."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from patron.demo.programs import CommerceLayer
from patron.jsonapi import ids, tokens
from patron.kernel.context import Secrets
from patron.kernel.db import Session
from patron.tenants import grants, programs
from patron.tenants.grants import Asked
from patron.tenants.programs import Program

GROUPS = 5
TAGS = 5
SIGNED_IN = 500


class Organization(msgspec.Struct, frozen=True):
    """What the requests of the second face are made of. `customers` are ids as that face shows them."""

    id: str
    base_url: str
    token: str  # of the integration
    application_id: int
    client_id: str
    client_secret: str
    channel_id: str
    scope: str
    customers: list[str]
    refresh_tokens: list[str]


async def prepared(
    db: Session, secrets: Secrets, known: CommerceLayer, domain: str, customers: Sequence[int], now: datetime
) -> Organization:
    """Put each of these customers into one of the groups and give it two tags, once; and get a token."""
    ids.use(secrets.vault)
    program = await programs.by_client_id(db, known.integration.client_id)
    assert program is not None
    await _put_in_groups(db, program.tenant_id, customers, now)
    await _tag(db, program.tenant_id, customers, now)
    await db.execute("analyze segment, segment_member, tag, tagging")
    asked = Asked(
        tenant_id=program.tenant_id, application_id=program.id, scope="", market_ids=None, is_confidential=True,
        life=program.life,
    )  # fmt: skip
    grant, _ = await grants.issue(db, asked, now, refreshable=False)
    channel = await programs.by_client_id(db, known.sales_channel.client_id)
    assert channel is not None
    refreshable = [await _signed_in(db, channel, known.sales_channel.scope, one, now) for one in customers[:SIGNED_IN]]
    return Organization(
        ids.shown(program.tenant_id),
        tokens.base_url(program.slug, domain),
        await tokens.sign(db, secrets, program, grant, domain),
        program.id,
        known.integration.client_id,
        known.integration.client_secret,
        known.sales_channel.client_id,
        known.sales_channel.scope,
        [ids.shown(one) for one in customers],
        refreshable,
    )


async def _signed_in(db: Session, channel: Program, scope: str, account_id: int, now: datetime) -> str:
    """The refresh token of a customer who has signed in through the sales channel."""
    asked = Asked(
        tenant_id=channel.tenant_id, application_id=channel.id, scope=scope, market_ids=[channel.markets[0].id],
        is_confidential=False, life=channel.life, account_id=account_id,
    )  # fmt: skip
    _, refresh = await grants.issue(db, asked, now, refreshable=True)
    assert refresh is not None
    return refresh


async def _put_in_groups(db: Session, tenant_id: int, customers: Sequence[int], now: datetime) -> None:
    await db.execute(
        """
        insert into segment (tenant_id, code, code_key, name, kind, created_at, updated_at)
        select $1, 'bench-' || n, 'bench-' || n, 'Bench ' || n, 'group', $2, $2 from generate_series(0, $3 - 1) n
        on conflict do nothing
        """,
        tenant_id,
        now,
        GROUPS,
    )
    await db.execute(
        """
        insert into segment_member (tenant_id, segment_id, account_id, kind, since_at, added_by)
        select $1, s.id, c.id, 'group', $2, 'bench'
        from unnest($3::bigint[]) with ordinality c (id, place)
        join segment s on s.tenant_id = $1 and s.code_key = 'bench-' || (c.place % $4)
        on conflict do nothing
        """,
        tenant_id,
        now,
        list(customers),
        GROUPS,
    )


async def _tag(db: Session, tenant_id: int, customers: Sequence[int], now: datetime) -> None:
    await db.execute(
        """
        insert into tag (tenant_id, name, created_at, updated_at)
        select $1, 'bench-' || n, $2, $2 from generate_series(0, $3 - 1) n on conflict do nothing
        """,
        tenant_id,
        now,
        TAGS,
    )
    await db.execute(
        """
        insert into tagging (tenant_id, tag_id, kind, owner_id, created_at)
        select $1, t.id, 'account', c.id, $2
        from unnest($3::bigint[]) with ordinality c (id, place) cross join generate_series(0, 1) n
        join tag t on t.tenant_id = $1 and t.name = 'bench-' || ((c.place + n) % $4)
        on conflict do nothing
        """,
        tenant_id,
        now,
        list(customers),
        TAGS,
    )
