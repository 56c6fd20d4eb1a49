"""The one table of formats: how a hash is recognised, and what reads it. docs/imported-passwords.md shows each.

A row is a pattern that the whole text must match and a reader that makes a verifier of the match. A reader raises
TooCostly for a hash over the limits, and ValueError for one that only looked like its kind.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from patron.logins.foreign import crypt, derived, digests


class Format(NamedTuple):
    """A row of the table. `name` is for people."""

    name: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Callable[[bytes], bool]]


_B64 = r"[A-Za-z0-9+/._-]+={0,2}"
_BCRYPT = r"(?P<hash>\$2[aby]\$(?P<cost>0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31})"
_COST = r"[1-9][0-9]{0,9}"
_HEX = r"(?P<hex>[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})"


def _row(name: str, pattern: str, read: Callable[[re.Match[str]], Callable[[bytes], bool]]) -> Format:
    return Format(name, re.compile(pattern, re.ASCII | re.DOTALL), read)


FORMATS = (
    _row("bcrypt", rf"(?:bcrypt\$)?{_BCRYPT}", crypt.read_bcrypt),
    _row("WordPress 6.8", rf"\$wp{_BCRYPT}", crypt.read_wordpress),
    _row(
        "argon2",
        r"(?:argon2)?(?P<hash>\$argon2(?:id|i|d)\$(?:v=(?:16|19)\$)?"
        rf"m=(?P<kib>{_COST}),t=(?P<passes>{_COST}),p=(?P<lanes>{_COST})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+)",
        crypt.read_argon2,
    ),
    _row(
        "phpass",
        r"(?P<upgraded>U?)\$(?P<kind>[PH])\$(?P<log2>[./A-Za-z0-9])(?P<salt>[./A-Za-z0-9]{8})(?P<digest>[./A-Za-z0-9]{22})",
        crypt.read_phpass,
    ),
    _row(
        "Drupal 7",
        r"(?P<upgraded>U?)\$(?P<kind>S)\$(?P<log2>[./A-Za-z0-9])(?P<salt>[./A-Za-z0-9]{8})(?P<digest>[./A-Za-z0-9]{42,43})",
        crypt.read_phpass,
    ),
    _row(
        "Django",
        rf"pbkdf2_(?P<digest>sha1|sha256|sha512)\$(?P<rounds>{_COST})\$(?P<salt>[^$]+)\$(?P<derived>{_B64})",
        derived.read_django,
    ),
    _row(
        "PBKDF2",
        r"(?:\$pbkdf2(?:-(?P<digest>sha1|sha256|sha512))?\$|\{PBKDF2\})"
        rf"(?:i=)?(?P<rounds>{_COST})(?:,l=[0-9]{{1,4}})?\$(?P<salt>{_B64})\$(?P<derived>{_B64})",
        derived.read_pbkdf2,
    ),
    _row(
        "PBKDF2 of OpenLDAP",
        rf"\{{PBKDF2-(?P<digest>SHA-?(?:1|256|512))\}}(?P<rounds>{_COST})\$(?P<salt>{_B64})\$(?P<derived>{_B64})",
        derived.read_pbkdf2,
    ),
    _row(
        "Firebase",
        r"\$firescrypt\$ln=(?P<log2>[1-9][0-9]?),r=(?P<r>[1-9][0-9]{0,3}),p=(?P<p>[1-9][0-9]{0,3})"
        rf"\$(?P<salt>{_B64})\$(?P<hash>{_B64})\$(?P<separator>{_B64})\$(?P<signer>{_B64})",
        derived.read_firebase,
    ),
    _row("Medusa", r"c2NyeXB0A[A-Za-z0-9+/]{119}", derived.read_medusa),
    _row("Keycloak", r'\s*\{.*"credentialData".*\}\s*', derived.read_keycloak),
    _row(
        "LDAP",
        rf"\{{(?i:(?P<salted>S?)(?P<digest>MD5|SHA(?:-?(?:256|384|512))?))\}}(?P<value>{_B64})",
        digests.read_ldap,
    ),
    _row(
        "plain, said",
        rf"\{{(?i:(?P<digest>md5|sha1|sha256|sha384|sha512)):(?P<order>salt\+password|password\+salt)\}}(?P<salt>.*)\${_HEX}",
        digests.read_plain,
    ),
    _row("PrestaShop", r"prestashop:(?P<digest>)(?P<order>)(?P<salt>.+)\$(?P<hex>[0-9a-fA-F]{32})", digests.read_plain),
    _row(
        "Magento 2",
        r"(?P<hex>[0-9a-fA-F]{32,128}):(?P<salt>[^:]*)(?P<versions>(?::(?:[012]|3_[0-9]{1,3}_[0-9]{1,3}_[0-9]{1,12}))+)",
        digests.read_magento,
    ),
    _row("Shopware Sha256", rf"(?P<rounds>{_COST}):(?P<salt>[^:]*):(?P<hex>[0-9a-fA-F]{{64}})", digests.read_shopware),
    _row("Magento 1, Shopware Md5", rf"{_HEX}(?::(?P<salt>[^:]*))?", digests.read_bare),
)
