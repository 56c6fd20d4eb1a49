"""Tenants, sites and applications as the rest of the system sees them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from patron.kernel.caller import Site

BEHAVIORS = (
    "customer:read",
    "customer:create",
    "customer:update",
    "customer:delete",
    "customer-attribute:read",
    "customer-attribute:update",
    "order-attribute:read",
    "order-attribute:update",
    "product-attribute:read",
    "product-attribute:update",
    "customer-credit:read",
    "customer-credit:update",
    "customer-segment:read",
    "customer-segment:update",
    "customer-auth:impersonate",
    "customer-auth:configure-token-durations",
)


class Tenant(msgspec.Struct, frozen=True):
    """One customer of the software."""

    id: int
    name: str
    slug: str
    mode: str
    settings: dict[str, Any]


class Application(msgspec.Struct, frozen=True):
    """A program that may call us, with its tenant's sites: all that a request needs to know of its caller."""

    tenant_id: int
    id: int
    client_id: str
    behaviors: frozenset[str]
    site_id: int | None
    sites: tuple[Site, ...]

    def site(self, site_id: int | None) -> Site | None:
        """The site with this id; without an id the application's own, or the tenant's first."""
        wanted = site_id or self.site_id
        if wanted is None:
            return self.sites[0] if self.sites else None
        for site in self.sites:
            if site.id == wanted:
                return site
        return None


class RegisteredApplication(msgspec.Struct, frozen=True):
    """An application as an operator sees it."""

    client_id: str
    name: str
    kind: str
    behaviors: list[str]
    site_id: int | None
    is_active: bool
    created_at: datetime


class CustomerSet(msgspec.Struct, frozen=True):
    """Sites that share accounts and logins. `accounts` is how many accounts live in it."""

    code: str
    name: str
    description: str | None
    is_default: bool
    created_at: Any
    updated_at: Any
    accounts: int
    sites: tuple[Site, ...]


class PasswordPolicy(msgspec.Struct, frozen=True):
    """What a new password must have. The default is the contract's (Kibo behaviour 6.3); imports are exempt."""

    length_min: int = 6
    length_max: int = 128
    needs_letter: bool = True
    needs_digit: bool = True

    def fault(self, password: str) -> str | None:
        """What is wrong with a password, as a sentence without its subject; None if nothing is."""
        if not self.length_min <= len(password) <= self.length_max:
            return f"must have {self.length_min} to {self.length_max} characters"
        if self.needs_letter and not any(c.isalpha() for c in password):
            return "must have a letter"
        if self.needs_digit and not any(c.isdigit() for c in password):
            return "must have a digit"
        return None

    def fault_of_import(self, password: str) -> str | None:
        """The same for a password that comes from another system, where it was good enough."""
        return f"must have at most {self.length_max} characters" if len(password) > self.length_max else None


class SecondFactorRule(msgspec.Struct, frozen=True):
    """When signing in with a password also takes a code by mail (Kibo behaviour 8.4). `always` outdoes the others."""

    always: bool = False
    on_fingerprint_change: bool = False
    on_region_change: bool = False


class PasswordHook(msgspec.Struct, frozen=True):
    """Where a merchant checks imported passwords that we cannot check, and the sealed key that signs our questions."""

    url: str
    sealed_key: str


class AddressProvider(msgspec.Struct, frozen=True):
    """A service that is asked about addresses: which one, where it is, and its sealed key."""

    name: str
    url: str
    sealed_key: str


class AddressPolicy(msgspec.Struct, frozen=True):
    """How addresses are checked. `strict`: contacts whose address is wrong are refused. `needs_phone`: the second
    dialect asks a phone number of every address.
    """

    strict: bool = False
    needs_phone: bool = True
    provider: AddressProvider | None = None


class Policy(msgspec.Struct, frozen=True):
    """A tenant's settings at a site: `site.settings` over `tenant.settings` over our defaults."""

    password: PasswordPolicy = PasswordPolicy()
    access_minutes: int = 15
    refresh_minutes: int = 1440
    anonymous_refresh_minutes: int = 43_200
    access_minutes_max: int = 1440
    refresh_minutes_max: int = 43_200
    suppressed_mails: tuple[str, ...] = ()
    alerts_to: tuple[str, ...] = ()
    visit_months: int = 25
    password_hook: PasswordHook | None = None
    addresses: AddressPolicy = AddressPolicy()
    second_factor: SecondFactorRule = SecondFactorRule()
    email_code_sign_in: bool = False


def merged(tenant: Mapping[str, Any], site: Mapping[str, Any] | None) -> Policy:
    """The settings that count at a site. Of a group, such as `second_factor`, a site may replace single ones."""
    found = dict(tenant)
    for name, value in (site or {}).items():
        is_group = isinstance(value, dict) and isinstance(found.get(name), dict)
        found[name] = {**found[name], **value} if is_group else value
    return msgspec.convert(found, Policy)


REDIRECT_URI_LENGTH_MAX = 2_000
REDIRECT_URIS_MAX = 20
_LOOPBACK = ("localhost", "127.0.0.1")
_HOST = re.compile(r"[a-z0-9.-]+")


def redirect_uri_fault(text: str) -> str | None:
    """What keeps an address from being one that codes are sent to (RFC 6749 3.1.2, RFC 8252 7): a sentence, or None.

    Codes travel over HTTPS, to a program on the user's own machine, or to an app by a scheme of its own.
    """
    if (
        not re.fullmatch(r"[\x21-\x7e]+", text)
        or len(text) > REDIRECT_URI_LENGTH_MAX
        or re.search(r"[\"<>\\^`{|}]", text)
    ):
        return f"An address has at most {REDIRECT_URI_LENGTH_MAX} characters, all of them of those in addresses."
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address."
    if "#" in text or parts.username is not None:
        return "An address that codes are sent to has no fragment (#) and no user."
    if parts.netloc and (not _HOST.fullmatch(host) or parts.netloc.lower() not in (host, f"{host}:{port}")):
        return "This is no address."
    if parts.scheme in ("http", "https"):
        is_safe = bool(host) and (parts.scheme == "https" or host in _LOOPBACK)
        return None if is_safe else "Codes are sent over https; over http only to localhost."
    return None if "." in parts.scheme else "An app's own scheme has a dot in it, such as com.example.app:/signed-in."
