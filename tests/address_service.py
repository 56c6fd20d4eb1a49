"""A stand-in for Google's Address Validation API: speaks its documented protocol on 127.0.0.1.

It takes the key from the header, refuses what the documentation says is refused, and answers what the test wants said
of an address.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from password_hooks import answer

KEY = "test-key"
PATH = "/v1:validateAddress"
REGIONS = ("US", "DE", "GB", "FR")
FIELDS = {"regionCode", "languageCode", "postalCode", "sortingCode", "administrativeArea", "locality", "sublocality"}

Json = dict[str, Any]


def component(kind: str, text: str, **more: Any) -> Json:
    """A part of an address."""
    return {
        "componentName": {"text": text, "languageCode": "en"},
        "componentType": kind,
        "confirmationLevel": "CONFIRMED",
        **more,
    }


def accepted(address: Json, *components: Json, action: str | None = "ACCEPT", **verdict: Any) -> Json:
    """What is said of a good address: as it came, with its parts."""
    said: Json = {
        "inputGranularity": "PREMISE",
        "validationGranularity": "PREMISE",
        "geocodeGranularity": "PREMISE",
        "addressComplete": True,
        **({"possibleNextAction": action} if action else {}),
        **verdict,
    }
    postal = {"languageCode": "en", **address}
    whole = {"formattedAddress": "in one line", "postalAddress": postal, "addressComponents": list(components)}
    return {"verdict": said, "address": whole, "geocode": {}, "metadata": {"residential": True}, "uspsData": {}}


def to_fix(address: Json, **more: Any) -> Json:
    """What is said of one that must be mended."""
    found = accepted(address, action="FIX", validationGranularity="OTHER")
    del found["verdict"]["addressComplete"]
    found["address"] |= more
    return found


def error(status: int, word: str, message: str, reason: str = "") -> bytes:
    """A failure as Google's services tell it."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    body = {"error": {"code": status, "message": message, "status": word, "details": details}}
    return answer(msgspec.json.encode(body).decode(), f"{status} {word}")


class Service:
    """Notes what it is asked. `says` makes the result of an address; `instead` is sent in place of any answer."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Json] = []
        self.says: Callable[[Json], Json] = accepted
        self.instead: bytes | None = None
        self.is_silent = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one question."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        head = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        body = await reader.readexactly(int(head.get("content-length", "0")))
        if self.is_silent:
            await reader.read()  # until the caller gives up
        else:
            writer.write(self._answer(first, head, body))
            await writer.drain()
        writer.close()

    def _answer(self, first: str, head: dict[str, str], body: bytes) -> bytes:
        address = msgspec.json.decode(body)["address"]
        self.asked.append(address)
        if self.instead is not None:
            return self.instead
        if first != f"POST {PATH} HTTP/1.1" or head.get("content-type") != "application/json":
            return error(404, "NOT_FOUND", "Not found.")
        if head.get("x-goog-api-key") != KEY:
            return error(400, "INVALID_ARGUMENT", "API key not valid.", "API_KEY_INVALID")
        lines = address.get("addressLines", [])
        if set(address) - FIELDS != {"addressLines"} or not lines or sum(map(len, lines)) > 280:
            return error(400, "INVALID_ARGUMENT", "Invalid address.")
        if address["regionCode"] not in REGIONS:
            return error(400, "INVALID_ARGUMENT", f"Unsupported region code: {address['regionCode']}.")
        result = {"result": self.says(address), "responseId": "00000000-0000-0000-0000-000000000000"}
        return answer(msgspec.json.encode(result).decode())


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """A service that is up."""
    one = Service()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    async with server:
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
        yield one
