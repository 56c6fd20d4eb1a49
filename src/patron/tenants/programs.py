"""Programs of the second dialect: applications of a kind, and the markets (our sites) that their scopes may name."""

from datetime import timedelta

import msgspec

from patron.kernel.caller import Site
from patron.kernel.db import Row, Session
from patron.kernel.secrets import digest, same

# How long access tokens live unless a program has its own time, in seconds (Commerce Layer behaviour 2.3).
_LIVES = {"sales_channel": 14_400}
_LIFE = 7_200


class Market(msgspec.Struct, frozen=True):
    """A site as scopes see it. With a group it is private to its members; a disabled one opens for no shopper."""

    site: Site
    code: str | None
    group_id: int | None
    is_disabled: bool

    @property
    def id(self) -> int:
        """The site's id."""
        return self.site.id

    @property
    def is_limited(self) -> bool:
        """Whether it does not open for everybody."""
        return self.is_disabled or self.group_id is not None

    def opens_for(self, group_id: int | None) -> bool:
        """Whether shoppers of a group, or of none, may enter."""
        return not self.is_disabled and self.group_id in (None, group_id)


class Program(msgspec.Struct, frozen=True):
    """An application of the second dialect, with its organization (our tenant), whose customers are those of the
    default customer set.
    """

    tenant_id: int
    tenant_name: str
    slug: str
    mode: str
    customer_set: str
    id: int
    client_id: str
    name: str
    kind: str
    takes_passwords: bool
    secret_digest: bytes | None
    access_seconds: int | None
    redirect_uris: tuple[str, ...]
    markets: tuple[Market, ...]

    @property
    def has_secret(self) -> bool:
        """Whether it can prove itself."""
        return self.secret_digest is not None

    def knows(self, secret: str) -> bool:
        """Whether this is its secret."""
        return self.secret_digest is not None and same(self.secret_digest, digest(secret))

    @property
    def life(self) -> timedelta:
        """How long its access tokens live."""
        return timedelta(seconds=self.access_seconds or _LIVES.get(self.kind, _LIFE))


_SELECT = """
    select t.id as tenant_id, t.name as tenant_name, t.slug, t.mode,
           (select d.code from customer_set d where d.tenant_id = $1 and d.is_default) as customer_set,
           a.id, a.client_id, a.name, a.kind,
           a.takes_passwords, a.secret_digest, a.access_seconds, a.redirect_uris,
           (select coalesce(json_agg(json_build_object('code', s.code, 'group_id', s.group_id,
                'is_disabled', s.disabled_at is not null, 'site',
                json_build_object('id', s.id, 'name', s.name, 'customer_set', s.customer_set_code, 'country', s.country,
                'currency', s.currency, 'locale', s.locale, 'domain', s.domain)) order by s.id), '[]')
            from site s join customer_set c on c.tenant_id = $1 and c.code = s.customer_set_code and c.is_default
            where s.tenant_id = $1) as markets
    from application a join tenant t on t.id = a.tenant_id
    where a.tenant_id = $1 and a.id = $2 and a.is_active and a.kind <> 'backend'
"""
_MARKETS = msgspec.json.Decoder(tuple[Market, ...])


async def get(db: Session, tenant_id: int, application_id: int) -> Program | None:
    """A program that is in use."""
    row = await db.row(_SELECT, tenant_id, application_id)
    return _program(row) if row else None


async def by_client_id(db: Session, client_id: str) -> Program | None:
    """The same by its public name."""
    row = await db.row("select tenant_id, application_id from application_directory where client_id = $1", client_id)
    return await get(db, row["tenant_id"], row["application_id"]) if row else None


def _program(row: Row) -> Program:
    made = {"markets": _MARKETS.decode(row["markets"]), "redirect_uris": tuple(row["redirect_uris"])}
    return Program(**{**dict(row), **made})
