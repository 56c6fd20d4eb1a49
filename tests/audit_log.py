"""Short ways to read an account's audit log, and to have something in it."""

from typing import Any

from patron.kernel.db import Database
from shops import ACCOUNTS, Shop


async def entries(shop: Shop, account_id: int, **params: object) -> list[dict[str, Any]]:
    """The audit log of an account."""
    answer = await shop.get(f"{ACCOUNTS}/{account_id}/AuditLog/Entries", params={"pageSize": 200, **params})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def told(items: list[dict[str, Any]]) -> dict[str, tuple[str | None, str | None]]:
    """Field path → value before and after its newest change."""
    return {one["fieldPath"]: (one["oldValue"], one["newValue"]) for one in reversed(items)}


async def happen(database: Database, shop: Shop, account_id: int, topic: str, changes: dict[str, Any]) -> int:
    """An event that something else recorded. Answers its id."""
    return int(
        await database.session().value(
            """
            insert into event (tenant_id, at, topic, account_id, changes, actor_kind, actor, application, request_id)
            values ($1, '2030-01-01Z', $2, $3, $4, 'staff', 'kim@shop.test', 'back.office', 'r') returning id
            """,
            shop.tenant_id,
            topic,
            account_id,
            changes,
        )
    )
