"""A merchant's server that is asked about imported passwords: real sockets on 127.0.0.1."""

import asyncio
import base64
import hmac
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def answer(body: str, status: str = "200 OK", *more: str) -> bytes:
    """A whole HTTP answer."""
    head = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *more)
    return "\r\n".join((*head, "", body)).encode()


class Merchant:
    """Notes what it is asked, and answers what `says` makes of the question (bytes; None: nothing, for ever)."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.says: Callable[[dict[str, Any]], bytes | None] = lambda _: answer('{"valid": true}')
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    def is_signed(self, key: str, number: int = -1) -> bool:
        """Whether a question carries the signature of Standard Webhooks under this key."""
        head = self.heads[number]
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + self.bodies[number]
        digest = hmac.digest(base64.b64decode(key.removeprefix("whsec_")), signed, "sha256")
        return head["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one question."""
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        head = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(head["content-length"]))
        self.heads.append(head)
        self.bodies.append(body)
        self.asked.append(msgspec.json.decode(body))
        if self.meanwhile is not None:
            await self.meanwhile()
        said = self.says(self.asked[-1])
        if said is None:
            await reader.read()  # until the caller gives up
        else:
            writer.write(said)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def merchant() -> AsyncIterator[Merchant]:
    """A merchant's server that is up."""
    one = Merchant()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    async with server:
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/check"
        yield one


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a new certificate of its own for a host, and a context that trusts no other."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + made.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=made.public_bytes(Encoding.PEM).decode())
