"""Hashes in the manner of crypt(3), `$…$…$…`: bcrypt, WordPress on top of it, argon2, phpass, Drupal 7."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from re import Match

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from patron.logins.foreign import limits
from patron.logins.foreign.limits import within

Verifier = Callable[[bytes], bool]

_ARGON2 = PasswordHasher()
_PHPASS_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PHPASS_DIGESTS = {"P": "md5", "H": "md5", "S": "sha512"}
_PHP_BLANKS = b" \t\n\r\0\x0b"
_BCRYPT_BYTES = 72


def read_bcrypt(found: Match[str]) -> Verifier:
    """bcrypt in each of its spellings. Like the original it looks at 72 bytes of the password and no further."""
    within("the cost of bcrypt", int(found["cost"]), limits.BCRYPT_COST_MAX)
    hashed = found["hash"].encode()
    return lambda password: bcrypt.checkpw(password[:_BCRYPT_BYTES], hashed)


def read_wordpress(found: Match[str]) -> Verifier:
    """WordPress 6.8 and later: bcrypt of a keyed digest of the trimmed password (`wp_hash_password`)."""
    verify = read_bcrypt(found)

    def verify_digest(password: bytes) -> bool:
        digest = hmac.digest(b"wp-sha384", password.strip(_PHP_BLANKS), "sha384")
        return verify(base64.b64encode(digest))

    return verify_digest


def read_argon2(found: Match[str]) -> Verifier:
    """argon2i, argon2d and argon2id in PHC format, as PHP's and most others' are."""
    within_argon2(int(found["kib"]), int(found["passes"]), int(found["lanes"]))

    def verify(password: bytes) -> bool:
        try:
            return _ARGON2.verify(found["hash"], password)
        except (VerificationError, InvalidHashError):
            return False

    return verify


def within_argon2(kib: int, passes: int, lanes: int) -> None:
    """Raises TooCostly."""
    within("the memory of argon2 (KiB)", kib, limits.ARGON2_KIB_MAX)
    within("the passes of argon2", passes, limits.ARGON2_PASSES_MAX)
    within("memory times passes of argon2 (KiB)", kib * passes, limits.ARGON2_WORK_MAX)
    within("the lanes of argon2", lanes, limits.ARGON2_LANES_MAX)


def read_phpass(found: Match[str]) -> Verifier:
    """phpass's portable hash (MD5; WordPress until 6.7, phpBB) and Drupal 7's (the same with SHA-512, cut at 55).

    Drupal marks with a `U` in front that it made the hash from an MD5 that it had before (`user_check_password`).
    """
    loops = 1 << _PHPASS_LETTERS.index(found["log2"])
    within("the rounds of the digest", loops, limits.LOOPS_MAX)
    algorithm = _PHPASS_DIGESTS[found["kind"]]

    def verify(password: bytes) -> bool:
        if found["upgraded"]:
            password = hashlib.md5(password, usedforsecurity=False).hexdigest().encode()
        digest = hashlib.new(algorithm, found["salt"].encode() + password, usedforsecurity=False).digest()
        for _ in range(loops):
            digest = hashlib.new(algorithm, digest + password, usedforsecurity=False).digest()
        return hmac.compare_digest(_phpass_text(digest)[: len(found["digest"])], found["digest"])

    return verify


def _phpass_text(digest: bytes) -> str:
    """phpass's own base 64: three bytes as four letters, the lowest six bits first."""
    letters = []
    for start in range(0, len(digest), 3):
        group = digest[start : start + 3]
        number = int.from_bytes(group, "little")
        letters += [_PHPASS_LETTERS[number >> 6 * n & 63] for n in range(len(group) + 1)]
    return "".join(letters)
