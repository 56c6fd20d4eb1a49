"""Everything that must not be read by others: passwords, tokens' digests, encryption at rest.

One installation key (32 bytes) is the root; a `Vault` derives a separate key for each purpose from it (HKDF), so that
a token key never encrypts and an encryption key never signs.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from patron.kernel.errors import TooMany

T = TypeVar("T")

WAITING_MAX = 128
WAITING_SECONDS_MAX = 5.0


def read_key(text: str, file: Path) -> bytes:
    """The 32-byte installation key from `text` (base64url), else from a key file. Raises ValueError."""
    encoded = text or file.read_text().strip()
    try:
        key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("The secret key must be 32 bytes in base64url: PATRON_SECRET_KEY or the key file.")
    return key


def random_token(size: int = 16) -> str:
    """A fresh random value of `size` bytes as lower-case hex digits."""
    return secrets.token_hex(size)


def random_digits(count: int) -> str:
    """So many random digits, for codes that people type."""
    return f"{secrets.randbelow(10**count):0{count}}"


def digest(text: str) -> bytes:
    """What is stored of a high-entropy token: its SHA-256."""
    return hashlib.sha256(text.encode()).digest()


def same(left: bytes, right: bytes) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(left, right)


class Vault:
    """Encrypts and authenticates with keys derived from the installation key."""

    def __init__(self, key: bytes) -> None:
        self._tokens = HMAC(_derive(key, "tokens"), SHA256())
        self._sealing = AESGCM(_derive(key, "sealing"))

    def mac(self, purpose: str, text: str) -> str:
        """A 128-bit code as 32 hex digits that only this installation can make (HMAC-SHA-256, cut)."""
        code = self._tokens.copy()
        code.update(f"{purpose}\n{text}".encode())
        return code.finalize().hex()[:32]

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt (AES-256-GCM, random nonce in front); `purpose` must be named again to open it."""
        nonce = secrets.token_bytes(12)
        return nonce + self._sealing.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal` made. Raises ValueError when the key or the purpose is another."""
        try:
            return self._sealing.decrypt(sealed[:12], sealed[12:], purpose.encode())
        except InvalidTag:
            raise ValueError("This was sealed with another key or for another purpose.") from None


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"patron {purpose}".encode()).derive(key)


class Passwords:
    """Argon2id with OWASP's parameters in one thread of this process, behind a short queue.

    Hashing on the event loop would stop every other request; many threads would eat memory and both cores
    (19 MiB and 25 ms each). Whoever would wait too long is told to come back.
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._thread = ThreadPoolExecutor(1, "password")
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self.counted = 0
        """How many wrong passwords this process has counted. Who looked at a count before that looks again."""
        # Somebody who does not exist costs as much as somebody who does.
        self._nobody = self._argon2.hash(random_token())

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator["Turn"]:
        """Wait for this process's turn at hashing, and keep it. Raises TooMany when the queue is full or slow."""
        if self._waiting >= WAITING_MAX:
            raise TooMany("Too many sign-ins at the moment.", retry_after=5)
        self._waiting += 1
        try:
            async with asyncio.timeout(WAITING_SECONDS_MAX):
                await self._turn.acquire()
        except TimeoutError:
            raise TooMany("Too many sign-ins at the moment.", retry_after=5) from None
        finally:
            self._waiting -= 1
        try:
            yield Turn(self._argon2, self._thread, self._nobody)
        finally:
            self._turn.release()

    async def hash(self, password: str) -> str:
        """A new hash in PHC format. Raises TooMany when the queue is full."""
        async with self.turn() as turn:
            return await turn.hash(password)


class Turn:
    """The right to hash, while it lasts."""

    def __init__(self, argon2: PasswordHasher, thread: ThreadPoolExecutor, nobody: str) -> None:
        self._argon2 = argon2
        self._thread = thread
        self._nobody = nobody

    async def hash(self, password: str) -> str:
        """A new hash in PHC format."""
        return await self.run(partial(self._argon2.hash, _normal(password)))

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether the password belongs to the hash; without a hash the answer is no, after the same time."""
        right = await self.run(partial(self._verify, _normal(password), hashed or self._nobody))
        return right and hashed is not None

    def is_dated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(hashed)

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._argon2.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def run(self, work: Callable[[], T]) -> T:
        """Do something slow in the one thread: checking a hash that is not ours."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _normal(password: str) -> str:
    """The same password typed on another keyboard (NIST SP 800-63B: NFKC before hashing)."""
    return unicodedata.normalize("NFKC", password)
