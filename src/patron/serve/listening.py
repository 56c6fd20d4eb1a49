"""The one listening socket, bound by the supervisor and shared by all server processes."""

import errno
import os
import socket
import time
from collections.abc import Callable

from patron.serve.screen import CannotStart

PREDECESSOR_SECONDS_MAX = 3


def listen(host: str, port: int, pause: Callable[[float], None]) -> socket.socket:
    """Bind the port, so that a taken one is known before any work is done; `listen()` on it is the caller's.

    Port 0 takes a free one. Raises CannotStart with what to do about it.
    """
    if port not in range(65_536):  # the C library would quietly take the remainder
        raise CannotStart(f"PORT={port} is no port: choose one from 1 to 65535, or 0 for a free one.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise CannotStart(f"PATRON_HOST={host} with PORT={port} is no address to listen on: {error}") from error
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    end = time.monotonic() + PREDECESSOR_SECONDS_MAX
    while True:
        try:
            sock.bind(address)
        except OSError as error:
            # A supervisor that was killed just now may leave its servers the blink of an eye to die.
            if error.errno == errno.EADDRINUSE and time.monotonic() < end:
                pause(0.1)
                continue
            sock.close()
            raise CannotStart(_why(error, host, port)) from error
        else:
            return sock


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. "
            f"Stop that one, or use another port: make serve PORT={port + 1}"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} is for root only. Use one above 1023: make serve PORT=8000"
    return f"Port {port} on {host} cannot be used: {os.strerror(error.errno or 0)}"


def reachable_url(host: str, port: int) -> str:
    """The URL for a browser on this machine; an address that means "all" becomes the local one."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"
