"""Segments with rules in tests: a context over a shop, and the worker's job, run until nothing is left to do."""

from datetime import datetime
from typing import Any

from patron.kernel.caller import SYSTEM
from patron.kernel.clock import clock as real_clock
from patron.kernel.context import Ctx, Secrets
from patron.kernel.query import Filter
from patron.kernel.revocation import Revocations
from patron.kernel.secrets import Passwords, Vault, read_key
from patron.kernel.tokens import Keyring
from patron.segments import actions, rule_actions
from patron.segments.job import keep_in_step
from patron.segments.model import Details
from patron.settings import Settings
from patron.tenants import queries as tenants
from shops import Shop
from stage import TEST_KEY


class Stage:
    """A shop from the inside."""

    def __init__(self, shop: Shop, settings: Settings) -> None:
        self.shop, self.database = shop, shop.database
        vault = Vault(read_key(TEST_KEY, settings.home))
        passwords = Passwords()
        passwords.close()
        revocations = Revocations(self.database, lambda _: None)
        self.secrets = Secrets(vault, Keyring(vault, settings.issuer), passwords, revocations)
        self.now = real_clock

    async def ctx(self) -> Ctx:
        """A context of the shop's first site."""
        db = self.database.session()
        (site,) = await tenants.sites(db, self.shop.tenant_id)
        return Ctx(self.shop.tenant_id, SYSTEM, frozenset(), self.now(), "test", db, self.secrets, site)

    async def work(self, at: datetime | None = None) -> None:
        """What the worker does, until nothing is left to do."""
        await keep_in_step(self.database, self.secrets, (lambda: at) if at else self.now)

    async def segment(self, code: str, tree: Filter | None = None) -> int:
        """A segment, with a rule if one is given."""
        ctx = await self.ctx()
        async with ctx.db.transaction():
            segment = await actions.create(ctx, Details(code=code, name=code))
            if tree is not None:
                await rule_actions.save(ctx, segment.id, tree)
        return segment.id

    async def members(self, segment_id: int) -> set[int]:
        """The accounts in a segment."""
        rows = await self.database.session().fetch(
            "select account_id from segment_member where tenant_id = $1 and segment_id = $2",
            self.shop.tenant_id,
            segment_id,
        )
        return {row["account_id"] for row in rows}

    async def rule(self, segment_id: int) -> dict[str, Any]:
        """The stored rule."""
        row = await self.database.session().row(
            "select * from segment_rule where tenant_id = $1 and segment_id = $2", self.shop.tenant_id, segment_id
        )
        assert row is not None
        return dict(row)
