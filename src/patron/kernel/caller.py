"""Who is asking, and at which site: plain values."""

from typing import Literal

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """Who caused something. A shopper acts through an application, so both are known then.

    `impersonator` is who acts for the shopper with a ticket of their own (Kibo behaviour 8.5). `waiting_id` is the
    sign-in of somebody who has proved a password and no second factor: nobody yet, with no account (8.4). A user of
    the organization has `staff_id`, and their address as `user_id`.
    """

    kind: Literal["application", "shopper", "staff", "system"]
    application: str | None = None
    user_id: str | None = None
    account_id: int | None = None
    application_id: int | None = None
    impersonator: str | None = None
    waiting_id: int | None = None
    staff_id: int | None = None

    @property
    def name(self) -> str:
        """What audit entries show as the user: the shopper or staff member, else the application."""
        return self.user_id or self.application or self.kind


SYSTEM = Actor("system")


class Site(msgspec.Struct, frozen=True):
    """A storefront of a tenant, as far as every request needs it."""

    id: int
    name: str
    customer_set: str
    country: str
    currency: str
    locale: str
    domain: str
