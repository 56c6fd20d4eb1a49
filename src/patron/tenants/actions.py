"""Changes of tenants, customer sets, sites and applications: what an operator sets up."""

from datetime import datetime

from patron.kernel.db import Session
from patron.kernel.secrets import digest


async def create_tenant(db: Session, *, name: str, slug: str, mode: str, now: datetime) -> int:
    """A tenant with its default customer set. Answers the tenant's id."""
    tenant_id = int(
        await db.value(
            "insert into tenant (name, slug, mode, created_at) values ($1, $2, $3, $4) returning id",
            name,
            slug,
            mode,
            now,
        )
    )
    await create_customer_set(db, tenant_id, code="default", name=name, is_default=True, now=now)
    return tenant_id


async def create_customer_set(
    db: Session, tenant_id: int, *, code: str, name: str, is_default: bool = False, now: datetime
) -> None:
    """A customer set, with room to count its accounts."""
    await db.execute(
        """
        insert into customer_set (tenant_id, code, name, is_default, created_at, updated_at)
        values ($1, $2, $3, $4, $5, $5)
        """,
        tenant_id,
        code,
        name,
        is_default,
        now,
    )
    await db.execute(
        """
        insert into account_count (tenant_id, customer_set_code, slot)
        select $1, $2, slot from generate_series(0, 15) slot
        """,
        tenant_id,
        code,
    )


async def create_site(
    db: Session,
    tenant_id: int,
    *,
    name: str,
    customer_set: str = "default",
    country: str = "US",
    currency: str = "USD",
    locale: str = "en-US",
    domain: str = "",
) -> int:
    """A site in a customer set. Answers its id."""
    return int(
        await db.value(
            """
            insert into site (tenant_id, customer_set_code, name, country, currency, locale, domain)
            values ($1, $2, $3, $4, $5, $6, $7) returning id
            """,
            tenant_id,
            customer_set,
            name,
            country,
            currency,
            locale,
            domain,
        )
    )


async def create_application(
    db: Session,
    tenant_id: int,
    *,
    client_id: str,
    name: str,
    secret: str,
    behaviors: tuple[str, ...],
    site_id: int | None = None,
    now: datetime,
) -> int:
    """An application with its secret (stored as a digest). Answers its id."""
    application_id = int(
        await db.value(
            """
            insert into application (tenant_id, client_id, name, secret_digest, behaviors, site_id, created_at)
            values ($1, $2, $3, $4, $5, $6, $7) returning id
            """,
            tenant_id,
            client_id,
            name,
            digest(secret),
            list(behaviors),
            site_id,
            now,
        )
    )
    await db.execute(
        "insert into application_directory (client_id, tenant_id, application_id) values ($1, $2, $3)",
        client_id,
        tenant_id,
        application_id,
    )
    return application_id
