"""Who is calling, and what they may (Commerce Layer behaviour 3)."""

import msgspec

from patron.jsonapi.errors import Refusal
from patron.jsonapi.resources import Resource
from patron.kernel.caller import Actor, Site
from patron.kernel.errors import Forbidden
from patron.kernel.query import Compare, Filter, Some
from patron.staff.model import User
from patron.tenants.grants import Grant
from patron.tenants.model import BEHAVIORS
from patron.tenants.programs import Market, Program

SCOPES = frozenset(BEHAVIORS)


class Everything:
    """Reads whatever there is: for what we send by ourselves."""

    def may_include(self, _resource: Resource) -> tuple[Filter, ...] | None:
        """All rows."""
        return ()


class Caller(msgspec.Struct, frozen=True):
    """A verified access token: its program and its grant.

    `user_id` is the customer's, who has signed in; `user` is the user of the organization for whom it acts.
    """

    program: Program
    grant: Grant
    user_id: str | None = None
    user: User | None = None

    @property
    def account_id(self) -> int | None:
        """The customer who has signed in."""
        return self.grant.account_id

    @property
    def is_public(self) -> bool:
        """A sales channel: what shoppers use themselves."""
        return self.program.kind == "sales_channel"

    @property
    def actor(self) -> Actor:
        """Whom changes are told of."""
        if self.user is not None:
            return Actor("staff", self.program.client_id, self.user.email, None, self.program.id, staff_id=self.user.id)
        if self.account_id is None:
            return Actor("application", self.program.client_id, application_id=self.program.id)
        return Actor("shopper", self.program.client_id, self.user_id, self.account_id, self.program.id)

    @property
    def site(self) -> Site | None:
        """The first market of the token's scope, else of the organization."""
        return next((market.site for market in self._markets()), None)

    @property
    def market_ids(self) -> tuple[int, ...]:
        """The markets that the token opens."""
        return tuple(market.id for market in self._markets())

    def _markets(self) -> list[Market]:
        """Those of the scope; for sales channels without what was shut since the token was made."""
        wanted = self.grant.market_ids
        found = [market for market in self.program.markets if wanted is None or market.id in wanted]
        if self.is_public:
            return [one for one in found if not one.is_disabled and (one.group_id is None or self.account_id)]
        return found

    def check(self, resource: Resource, letter: str) -> bool:
        """Refuse what the caller may not. Answers whether only the customer's own rows count. Raises Forbidden.

        Sales channels do nothing without a market in their scope.
        """
        if letter not in resource.letters:
            raise Refusal("METHOD_NOT_ALLOWED", "Method not allowed", "This resource does not allow that.")
        if not self.is_public:
            return False
        if not self.grant.scope and not self.grant.is_confidential:
            raise Forbidden("The token has no market in its scope.")
        if not self._markets():
            raise Forbidden("The markets of the token are closed.")
        if letter in resource.guest:
            return False
        if self.account_id is not None and letter in resource.customer:
            return True
        raise Forbidden("This kind of application may not do that.")

    def reach(self, resource: Resource, letter: str) -> tuple[Filter, ...]:
        """What narrows rows to those that the caller may read. Raises Forbidden."""
        within = self.within(resource) if self.is_public else ()
        if self.check(resource, letter):
            return (*within, *self.own(resource))
        rows = resource.guest_reach.get(letter) if self.is_public else None
        if rows is None:
            return within
        return (*within, rows if self.account_id is None else Some((rows, *self.own(resource))))

    def within(self, resource: Resource) -> tuple[Filter, ...]:
        """What narrows rows to those of the token's markets."""
        if resource.market is None or (self.grant.market_ids is None and not self.is_public):
            return ()
        return (Compare(resource.market, "same", self.market_ids),)

    def own(self, resource: Resource) -> tuple[Filter, ...]:
        """The rows of the customer."""
        assert resource.owner is not None
        return (Compare(resource.owner, "eq", self.account_id),)

    def may_include(self, resource: Resource) -> tuple[Filter, ...] | None:
        """The same for rows that come along with others; None when they may not be seen at all."""
        if not self.is_public or "S" in resource.guest:
            return self.reach(resource, "S")
        if self.account_id is not None and "S" in resource.customer:
            return self.own(resource)
        return None
