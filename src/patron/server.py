"""One server process: `python -m patron.server <fd>` answers requests on a listening socket it inherits.

uvicorn on uvloop and httptools. What uvicorn leaves open to strangers is closed here: a request head has a size limit
and a time limit. The body's limit is the web layer's.
"""

import asyncio
import socket
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from patron.processes import collect_less

HEAD_BYTES_MAX = 131_072  # a URL of 64 KB is read (Kibo behaviour 5.3), and headers beside it
HEAD_SECONDS_MAX = 20
DRAIN_SECONDS_MAX = 10
KEEP_ALIVE_SECONDS = 30
LINGER_SECONDS = 0.3
DOOR_SECONDS = 0.05
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """HTTP of one connection, with limits on the part before the body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection that sends nothing is closed too."""
        super().connection_made(transport)
        self._head_bytes = 0
        self._in_head = True
        self._is_last = False
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._head_timer.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A further request of the connection begins; the time between requests is uvicorn's keep-alive."""
        super().on_message_begin()
        if not self._in_head:
            self._in_head = True
            self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.close)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head_bytes = False, 0
        self._head_timer.cancel()
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Count what came while the head is not whole; httptools itself would gather without end."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def shutdown(self) -> None:
        """The server stops. A request that is under way is answered, one that is on its way to us too.

        Closing at once would cut a request that the client has sent and we have not read yet.
        """
        self._is_last = True
        if self._is_idle():
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
        else:
            self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.transport.close()


class PatientServer(uvicorn.Server):
    """Settles before the first request, and takes in who waits at the door before it closes."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then settle: a request leaves few cycles."""
        await super().startup(sockets)
        collect_less()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop after one more turn of the loop.

        The loop may turn to the end of the service before it turns to a connection that came earlier: closing at once
        would cut it off.
        """
        await asyncio.sleep(DOOR_SECONDS)
        await super().shutdown(sockets)


def run(fd: int, *, factory: str = "patron.app:create_app") -> None:
    """Serve the app on the socket `fd` until SIGTERM, then finish the requests under way."""
    settings: dict[str, Any] = {
        "factory": True,
        "loop": "uvloop",
        "http": BoundedProtocol,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "log_config": None,  # the app configures logging
        "server_header": False,
        "proxy_headers": False,  # nobody here asks for the client's address or scheme
        "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "timeout_graceful_shutdown": DRAIN_SECONDS_MAX,
    }
    PatientServer(uvicorn.Config(factory, **settings)).run(sockets=[socket.socket(fileno=fd)])


if __name__ == "__main__":
    run(int(sys.argv[1]))
