"""Digests of a salt and the password, once or in chains: LDAP, Magento, Shopware, PrestaShop, and plain ones."""

import hashlib
import hmac
from collections.abc import Callable
from itertools import cycle, islice
from re import Match

from argon2.low_level import Type, hash_secret_raw

from patron.logins.foreign import limits
from patron.logins.foreign.crypt import within_argon2
from patron.logins.foreign.derived import decoded
from patron.logins.foreign.limits import within

Verifier = Callable[[bytes], bool]

_BY_HEX_DIGITS = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


def _digest(algorithm: str, data: bytes) -> bytes:
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def read_ldap(found: Match[str]) -> Verifier:
    """LDAP's `userPassword` (RFC 2307; OpenLDAP's `slapd-sha2`): the digest of password and salt, then the salt.

    Without a salt it may also be in hex, as `{SHA256}…` often is.
    """
    name = found["digest"].lower().replace("-", "")
    algorithm = {"sha": "sha1"}.get(name, name)
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    text = found["value"]
    is_hex = len(text) == 2 * size and not found["salted"]
    data = bytes.fromhex(text) if is_hex else decoded(text)
    digest, salt = data[:size], data[size:]
    if len(digest) < size or bool(salt) != bool(found["salted"]):
        raise ValueError("no digest of this kind")
    return lambda password: hmac.compare_digest(_digest(algorithm, password + salt), digest)


def read_plain(found: Match[str]) -> Verifier:
    """`{md5:salt+password}salt$hex` and `{md5:password+salt}salt$hex`: which digest and which order are said.

    PrestaShop until 1.6 has one salt for the whole shop, its `_COOKIE_KEY_` (`Tools::encrypt`), in front:
    `prestashop:<key>$<md5>` is the same with another name.
    """
    algorithm, salt = (found["digest"] or "md5").lower(), found["salt"].encode()
    digest, is_last = bytes.fromhex(found["hex"]), found["order"] == "password+salt"
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise ValueError("no digest of this kind")

    def verify(password: bytes) -> bool:
        return hmac.compare_digest(_digest(algorithm, password + salt if is_last else salt + password), digest)

    return verify


def read_bare(found: Match[str]) -> Verifier:
    """`hex` and `hex:salt` as Magento 1 (salt first) and Shopware's Md5 (salt last) have them; length tells the digest.

    Which of the two it was cannot be seen, so both orders are tried: that makes guessing no easier.
    """
    digest, salt = bytes.fromhex(found["hex"]), (found["salt"] or "").encode()
    algorithm = _BY_HEX_DIGITS[len(found["hex"])]

    def verify(password: bytes) -> bool:
        first = hmac.compare_digest(_digest(algorithm, salt + password), digest)
        return hmac.compare_digest(_digest(algorithm, password + salt), digest) or first

    return verify


def read_shopware(found: Match[str]) -> Verifier:
    """Shopware's Sha256, `rounds:salt:hex`: one digest over the one before, password and salt (`LegacyEncoder`)."""
    rounds, salt = int(found["rounds"]), found["salt"].encode()
    within("the rounds of the digest", rounds, limits.LOOPS_MAX)

    def verify(password: bytes) -> bool:
        text = b""
        for _ in range(rounds + 1):
            text = hashlib.sha256(text + password + salt).hexdigest().encode()
        return hmac.compare_digest(text, found["hex"].lower().encode())

    return verify


_MAGENTO_DIGESTS = {"0": "md5", "1": "sha256"}
_MAGENTO_ARGON2 = "3_32_2_67108864"  # what version 2 stands for: libsodium's interactive limits
_MAGENTO_STEPS_MAX = 4
_SODIUM_SALT_BYTES = 16


def read_magento(found: Match[str]) -> Verifier:
    """Magento 2, `hash:salt:version[:version…]`: 0 MD5, 1 SHA-256, 2 and 3 argon2id (`Encryptor::isValidHash`).

    An upgraded hash went through one version after the other, each over the hex digits of the last. Version 3 carries
    its parameters: `3_<bytes>_<passes>_<bytes of memory>`.
    """
    salt = found["salt"].encode()
    versions = [_MAGENTO_ARGON2 if one == "2" else one for one in found["versions"].strip(":").split(":")]
    within("the steps of a chain", len(versions), _MAGENTO_STEPS_MAX)
    within("memory times passes of all steps (KiB)", sum(map(_magento_work, versions)), limits.ARGON2_WORK_MAX)
    steps = [_magento_step(version, salt) for version in versions]

    def verify(password: bytes) -> bool:
        for step in steps:
            password = step(password)
        return hmac.compare_digest(password, found["hex"].lower().encode())

    return verify


def _magento_work(version: str) -> int:
    """KiB times passes of one step."""
    _, _, passes, memory = (int(number) for number in version.split("_")) if "_" in version else (0, 0, 0, 0)
    return passes * memory // 1024


def _magento_step(version: str, salt: bytes) -> Callable[[bytes], bytes]:
    if version in _MAGENTO_DIGESTS:
        return lambda data: _digest(_MAGENTO_DIGESTS[version], salt + data).hex().encode()
    size, passes, memory = (int(number) for number in version.split("_")[1:])
    within_argon2(memory // 1024, passes, 1)
    if not 16 <= size <= 64 or memory < 8192 or passes < 1 or not salt:
        raise ValueError("no argon2id")
    # Magento cuts a longer salt and repeats a shorter one to what libsodium takes.
    salt16 = bytes(islice(cycle(salt), _SODIUM_SALT_BYTES))
    return lambda data: hash_secret_raw(data, salt16, passes, memory // 1024, 1, size, Type.ID).hex().encode()
