"""Calls to addresses that merchants name: over HTTPS, to public hosts, soon answered, and never on to where one leads.

A merchant's address must not open what only this machine can reach (server-side request forgery). So the name is
resolved here, every address it has must be public, and the connection goes to the very address that was looked at.
"""

import asyncio
import ipaddress
import re
import socket
import ssl

import httpx

SECONDS_MAX = 3.0
CLIENT_SECONDS_MAX = 120.0  # whoever calls has a limit of its own below it
CALLS_MAX = 16  # at once
ANSWER_BYTES_MAX = 64_000
URL_LENGTH_MAX = 500
_HOST = re.compile(r"[A-Za-z0-9._:-]+")

# Addresses that stand for an IPv4 address: 6to4, Teredo, and translation (RFC 6052, RFC 8215).
_DISGUISES = tuple(
    ipaddress.ip_network(net) for net in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)


class CallFailed(Exception):
    """There is no answer; the text says why, without what was sent."""


class Outbound:
    """Calls out, so many at once.

    `private`: the operator allows hosts of the own network, and plain HTTP. `trust`: which certificates are good;
    unless given those of the public authorities.
    """

    def __init__(
        self, *, private: bool = False, trust: ssl.SSLContext | None = None, calls_max: int = CALLS_MAX
    ) -> None:
        self._private = private
        self._trust = trust
        self._places = asyncio.Semaphore(calls_max)
        self._client: httpx.AsyncClient | None = None

    def fault(self, url: str) -> str | None:
        """What is wrong with an address, as a sentence without its subject; None if nothing can be seen."""
        try:
            parts = httpx.URL(url)
        except (httpx.InvalidURL, UnicodeError):
            return "is no URL"
        is_host = _HOST.fullmatch(parts.raw_host.decode()) and 1 <= (parts.port or 443) <= 65_535
        if len(url) > URL_LENGTH_MAX or not is_host or parts.userinfo or parts.fragment:
            return f"is a URL with a host, without credentials and fragment, of at most {URL_LENGTH_MAX} characters"
        if parts.scheme != "https" and not (self._private and parts.scheme == "http"):
            return "must be https"
        return None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a body; answers status and body. A redirection is an answer like any other. Raises CallFailed."""
        return await self._call(url, body, headers, SECONDS_MAX, wants_answer=True)

    async def deliver(self, url: str, body: bytes, headers: dict[str, str], *, seconds: float) -> int:
        """The same where only the status counts, whatever else is answered."""
        status, _ = await self._call(url, body, headers, seconds, wants_answer=False)
        return status

    async def _call(
        self, url: str, body: bytes, headers: dict[str, str], seconds: float, *, wants_answer: bool
    ) -> tuple[int, bytes]:
        if fault := self.fault(url):
            raise CallFailed(f"the address {fault}")
        try:
            async with asyncio.timeout(seconds), self._places:
                return await self._post(httpx.URL(url), body, headers, wants_answer=wants_answer)
        except TimeoutError:
            raise CallFailed(f"no answer within {seconds:g} seconds") from None
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            raise CallFailed(type(error).__name__) from error

    async def close(self) -> None:
        """End what is open."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(
        self, url: httpx.URL, body: bytes, headers: dict[str, str], *, wants_answer: bool
    ) -> tuple[int, bytes]:
        if self._client is None:
            # No connection is kept: one to an address must not serve another name at the same address. How many there
            # are, and for how long, is counted above.
            limits = httpx.Limits(max_keepalive_connections=0)
            self._client = httpx.AsyncClient(
                verify=self._trust or True, trust_env=False, follow_redirects=False, limits=limits,
                timeout=CLIENT_SECONDS_MAX,
            )  # fmt: skip
        host = url.raw_host.decode()
        address = await self._address(host, url.port or (443 if url.scheme == "https" else 80))
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": url.netloc.decode(), "Accept-Encoding": "identity"},
            extensions={"sni_hostname": host},
        )
        response = await self._client.send(request, stream=True)
        try:
            if not wants_answer:
                return response.status_code, b""
            data = b""
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > ANSWER_BYTES_MAX:
                    raise CallFailed("the answer is too long")
            return response.status_code, data
        finally:
            await response.aclose()

    async def _address(self, host: str, port: int) -> str:
        """One address of a host, all of which may be called. Raises CallFailed, OSError."""
        found = await asyncio.get_running_loop().getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = [str(info[4][0]) for info in found]
        if not addresses or not (self._private or all(is_public(address) for address in addresses)):
            raise CallFailed("the address is not a public one")
        return addresses[0]


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the internet at large."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif any(address in net for net in _DISGUISES):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
