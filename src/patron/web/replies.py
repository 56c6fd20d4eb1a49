"""What goes back over the wire: status, headers, body. Two ASGI messages and nothing else."""

import msgspec
from starlette.types import Send

JSON = {"content-type": "application/json"}
_BODILESS = (204, 304)


class Reply(msgspec.Struct):
    """An answer, ready to be sent. Header names are lower-case."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = {}

    async def send(self, send: Send) -> None:
        """Send it; the server leaves the body out where the method is HEAD."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        if self.status not in _BODILESS:
            headers.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})
