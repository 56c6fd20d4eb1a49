"""Keys derived from passwords: PBKDF2 in its spellings, scrypt of Firebase and Medusa, Keycloak's credentials."""

import base64
import hashlib
import hmac
import struct
from collections.abc import Callable
from re import Match

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from patron.logins.foreign import limits
from patron.logins.foreign.crypt import within_argon2
from patron.logins.foreign.limits import within

Verifier = Callable[[bytes], bool]

_DIGEST_BYTES = {"sha1": 20, "sha256": 32, "sha512": 64}
_DERIVED_BYTES_MIN = 16


def decoded(text: str) -> bytes:
    """Base 64 of any kind: with or without padding, with `+`, `.` (passlib) or `-` for 62. Raises ValueError."""
    plain = text.translate({ord("."): "+", ord("-"): "+", ord("_"): "/"}).rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def read_django(found: Match[str]) -> Verifier:
    """Django's PBKDF2: the salt is text (`django.contrib.auth.hashers`)."""
    return _pbkdf2(found["digest"], found["salt"].encode(), int(found["rounds"]), decoded(found["derived"]))


def read_pbkdf2(found: Match[str]) -> Verifier:
    """PBKDF2 as passlib and OpenLDAP spell it: the salt is base 64; without a digest's name it is SHA-1."""
    digest = (found["digest"] or "sha1").lower().replace("-", "")
    return _pbkdf2(digest, decoded(found["salt"]), int(found["rounds"]), decoded(found["derived"]))


def _pbkdf2(digest: str, salt: bytes, rounds: int, derived: bytes) -> Verifier:
    if rounds < 1 or len(derived) < _DERIVED_BYTES_MIN:
        raise ValueError("no PBKDF2")
    blocks = -(-len(derived) // _DIGEST_BYTES[digest])
    within("the rounds of PBKDF2", rounds * blocks, limits.PBKDF2_ROUNDS_MAX)

    def verify(password: bytes) -> bool:
        return hmac.compare_digest(hashlib.pbkdf2_hmac(digest, password, salt, rounds, len(derived)), derived)

    return verify


def _scrypt(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, dklen=64, maxmem=256 * 1024 * 1024)


def _within_scrypt(log2_n: int, r: int, p: int) -> None:
    if log2_n < 1 or r < 1 or p < 1:
        raise ValueError("no scrypt")
    within("the N of scrypt", 1 << min(log2_n, 64), limits.SCRYPT_N_MAX)
    within("N times r times p of scrypt", (1 << log2_n) * r * p, limits.SCRYPT_WORK_MAX)


def read_firebase(found: Match[str]) -> Verifier:
    """Firebase's scrypt: the derived key encrypts the project's signer key (github.com/firebase/scrypt).

    Spelled as Ory Kratos does, with the project's hash parameters in each value:
    `$firescrypt$ln=<mem_cost>,r=<rounds>,p=1$<salt>$<passwordHash>$<salt separator>$<signer key>`.
    """
    log2_n, r, p = int(found["log2"]), int(found["r"]), int(found["p"])
    _within_scrypt(log2_n, r, p)
    salt = decoded(found["salt"]) + decoded(found["separator"])
    signer, hashed = decoded(found["signer"]), decoded(found["hash"])
    if len(hashed) < _DERIVED_BYTES_MIN:
        raise ValueError("no Firebase hash")

    def verify(password: bytes) -> bool:
        encryptor = Cipher(AES256(_scrypt(password, salt, 1 << log2_n, r, p)[:32]), CTR(bytes(16))).encryptor()
        return hmac.compare_digest(encryptor.update(signer), hashed)

    return verify


def read_medusa(found: Match[str]) -> Verifier:
    """Medusa's e-mail and password provider: the header of the scrypt file format in base 64 (npm `scrypt-kdf`).

    "scrypt", 0, log2 N, r and p (big-endian), 32 bytes of salt, 16 of a checksum, 32 of an HMAC over all before.
    """
    data = decoded(found[0])
    log2_n, r, p, salt, checksum, mac = struct.unpack(">7xBII32s16s32s", data)
    if data[:7] != b"scrypt\0" or hashlib.sha256(data[:48]).digest()[:16] != checksum:
        raise ValueError("no scrypt header")
    _within_scrypt(log2_n, r, p)

    def verify(password: bytes) -> bool:
        key = _scrypt(password, salt, 1 << log2_n, r, p)[32:]
        return hmac.compare_digest(hmac.digest(key, data[:64], "sha256"), mac)

    return verify


class _Parameters(msgspec.Struct, rename="camel", frozen=True):
    memory: tuple[str] = ("0",)
    parallelism: tuple[str] = ("1",)
    type: tuple[str] = ("id",)
    version: tuple[str] = ("1.3",)


class _CredentialData(msgspec.Struct, rename="camel"):
    hash_iterations: int
    algorithm: str
    additional_parameters: _Parameters = _Parameters()


class _SecretData(msgspec.Struct):
    value: str
    salt: str


class _Credential(msgspec.Struct, rename="camel"):
    """Both parts are JSON in a string in a realm's export, and may be objects."""

    credential_data: str | _CredentialData
    secret_data: str | _SecretData


_ARGON2_TYPES = {"i": Type.I, "d": Type.D, "id": Type.ID}
_ARGON2_VERSIONS = {"1.0": 0x10, "1.3": 0x13}


def read_keycloak(found: Match[str]) -> Verifier:
    """A password credential of Keycloak, as `kc.sh export` writes it into a realm's users: PBKDF2 or argon2."""
    try:
        both = msgspec.json.decode(found[0], type=_Credential)
        data, secret = both.credential_data, both.secret_data
        data = msgspec.json.decode(data, type=_CredentialData) if isinstance(data, str) else data
        secret = msgspec.json.decode(secret, type=_SecretData) if isinstance(secret, str) else secret
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("no credential of Keycloak") from None
    salt, value = decoded(secret.salt), decoded(secret.value)
    if data.algorithm == "argon2":
        return _keycloak_argon2(data, salt, value)
    digests = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
    if data.algorithm not in digests:
        raise ValueError("an algorithm that we do not know")
    return _pbkdf2(digests[data.algorithm], salt, data.hash_iterations, value)


def _keycloak_argon2(data: _CredentialData, salt: bytes, value: bytes) -> Verifier:
    more, passes = data.additional_parameters, data.hash_iterations
    kib, lanes = max(int(more.memory[0]), 0), int(more.parallelism[0])
    kind, version = _ARGON2_TYPES.get(more.type[0]), _ARGON2_VERSIONS.get(more.version[0])
    within_argon2(kib, passes, lanes)
    if kind is None or version is None or len(salt) < 8 or len(value) < _DERIVED_BYTES_MIN or min(passes, lanes) < 1:
        raise ValueError("no argon2")

    def verify(password: bytes) -> bool:
        derived = hash_secret_raw(password, salt, passes, kib, lanes, len(value), kind, version)
        return hmac.compare_digest(derived, value)

    return verify
