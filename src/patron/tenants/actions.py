"""Changes of tenants, customer sets, sites, and applications: what an operator sets up."""

import base64
import secrets
from datetime import datetime

from patron.kernel.db import Session
from patron.kernel.errors import NotFound
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Vault, digest
from patron.tenants.queries import settings_subject
from patron.tenants.tokens import application_subject


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


HOOK_KEY_PURPOSE = "password hook"


async def set_password_hook(
    db: Session, vault: Vault, revocations: Revocations, tenant_id: int, url: str | None
) -> str | None:
    """Ask a merchant's web hook about imported passwords that we cannot check; None ends it.

    Answers the key that signs the questions, as the receiver needs it: `whsec_` and base 64. Call it inside a
    transaction. Raises NotFound.
    """
    key = secrets.token_bytes(32)
    sealed = base64.b64encode(vault.seal(key, HOOK_KEY_PURPOSE)).decode()
    changed = await db.execute(
        "update tenant set settings = settings || $2::jsonb where id = $1",
        tenant_id,
        {"password_hook": {"url": url, "sealed_key": sealed} if url else None},
    )
    if not changed:
        raise NotFound("tenant", tenant_id)
    await revocations.announce(db, settings_subject(tenant_id))
    return "whsec_" + base64.b64encode(key).decode() if url else None


ADDRESS_KEY_PURPOSE = "address service"


async def set_address_provider(
    db: Session,
    vault: Vault,
    revocations: Revocations,
    tenant_id: int,
    name: str | None,
    *,
    url: str = "",
    key: str = "",
) -> None:
    """Have a service asked about addresses, with a key that is kept sealed; None ends it. Raises NotFound."""
    sealed = base64.b64encode(vault.seal(key.encode(), ADDRESS_KEY_PURPOSE)).decode()
    changed = await db.execute(
        """
        update tenant set settings = settings
            || jsonb_build_object('addresses', coalesce(settings -> 'addresses', '{}') || $2::jsonb)
        where id = $1
        """,
        tenant_id,
        {"provider": {"name": name, "url": url, "sealed_key": sealed} if name else None},
    )
    if not changed:
        raise NotFound("tenant", tenant_id)
    await revocations.announce(db, settings_subject(tenant_id))


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
    now: datetime,
) -> int:
    """A site in a customer set. Answers its id."""
    return int(
        await db.value(
            """
            insert into site (tenant_id, customer_set_code, name, country, currency, locale, domain,
                              created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $8) returning id
            """,
            tenant_id,
            customer_set,
            name,
            country,
            currency,
            locale,
            domain,
            now,
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


async def create_program(
    db: Session,
    tenant_id: int,
    *,
    client_id: str,
    name: str,
    kind: str,
    secret: str | None = None,
    takes_passwords: bool = False,
    access_seconds: int | None = None,
    redirect_uris: tuple[str, ...] = (),
    now: datetime,
) -> int:
    """An application of the second dialect; without a secret it is a public one. Answers its id."""
    application_id = int(
        await db.value(
            """
            insert into application (tenant_id, client_id, name, kind, secret_digest, takes_passwords, access_seconds,
                                     behaviors, created_at, redirect_uris)
            values ($1, $2, $3, $4, $5, $6, $7, '{}', $8, $9) returning id
            """,
            tenant_id,
            client_id,
            name,
            kind,
            digest(secret) if secret else None,
            takes_passwords,
            access_seconds,
            now,
            list(redirect_uris),
        )
    )
    await db.execute(
        "insert into application_directory (client_id, tenant_id, application_id) values ($1, $2, $3)",
        client_id,
        tenant_id,
        application_id,
    )
    return application_id


async def renew_program(db: Session, revocations: Revocations, client_id: str, *, secret: str | None) -> None:
    """Give a program of the second dialect another secret, or none, and switch it on. Raises NotFound."""
    tenant_id, application_id = await _found(db, client_id)
    await db.execute(
        "update application set secret_digest = $3, is_active = true where tenant_id = $1 and id = $2",
        tenant_id,
        application_id,
        digest(secret) if secret else None,
    )
    await revocations.announce(db, application_subject(tenant_id, application_id))


async def set_site_code(db: Session, tenant_id: int, site_id: int, code: str) -> None:
    """Name a site as scopes of the second dialect call it. Raises Taken, NotFound."""
    if not await db.execute("update site set code = $3 where tenant_id = $1 and id = $2", tenant_id, site_id, code):
        raise NotFound("site", site_id)


async def renew_application(
    db: Session, revocations: Revocations, client_id: str, *, secret: str, behaviors: tuple[str, ...]
) -> None:
    """Give an application another secret and these behaviors, and switch it on. Raises NotFound."""
    tenant_id, application_id = await _found(db, client_id)
    await db.execute(
        "update application set secret_digest = $3, behaviors = $4, is_active = true where tenant_id = $1 and id = $2",
        tenant_id,
        application_id,
        digest(secret),
        list(behaviors),
    )
    await revocations.announce(db, application_subject(tenant_id, application_id))


async def disable_application(db: Session, revocations: Revocations, client_id: str) -> tuple[int, int]:
    """Switch an application off: its secret opens nothing any more, and its tokens end. Raises NotFound.

    Call it inside a transaction; when that is committed, every process has forgotten the application's tokens. Answers
    the ids of tenant and application.
    """
    tenant_id, application_id = await _found(db, client_id)
    await db.execute(
        "update application set is_active = false where tenant_id = $1 and id = $2", tenant_id, application_id
    )
    await revocations.announce(db, application_subject(tenant_id, application_id))
    return tenant_id, application_id


async def _found(db: Session, client_id: str) -> tuple[int, int]:
    row = await db.row("select tenant_id, application_id from application_directory where client_id = $1", client_id)
    if row is None:
        raise NotFound("application", client_id[:100])
    return row["tenant_id"], row["application_id"]


async def set_redirect_uris(db: Session, client_id: str, redirect_uris: tuple[str, ...]) -> None:
    """Where a web app may have its codes sent from now on. Raises NotFound."""
    tenant_id, application_id = await _found(db, client_id)
    await db.execute(
        "update application set redirect_uris = $3 where tenant_id = $1 and id = $2",
        tenant_id,
        application_id,
        list(redirect_uris),
    )


async def move_sites(db: Session, tenant_id: int, domain: str) -> None:
    """Have all sites of a tenant at this address."""
    await db.execute("update site set domain = $2 where tenant_id = $1 and domain <> $2", tenant_id, domain)
