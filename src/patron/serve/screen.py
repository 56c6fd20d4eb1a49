"""What `patron serve` tells the person who started it."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text


class CannotStart(Exception):
    """Why `patron serve` gives up, in a sentence that says what to do about it."""


class Screen:
    """Lines for a person, on the terminal or in a container's log; a terminal that went away is no error."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """A step that begins."""
        self._print(Text.assemble(("→ ", "cyan"), text))

    def warn(self, text: str) -> None:
        """Something that went wrong and is being dealt with."""
        self._print(Text.assemble(("! ", "yellow"), text))

    def fail(self, text: str) -> None:
        """Why it ends."""
        self._print(Text.assemble(("Patron cannot start. ", "bold red"), text))

    def ready(self, base_url: str, home: Path, shop: Mapping[str, Any] | None) -> None:
        """Addresses and demo credentials, when all is up."""
        seconds = time.monotonic() - self._began
        self._print(Text(f"\nPatron is ready after {seconds:.0f} s at {base_url}\n", style="bold green"))
        for name, value in _rows(base_url, home, shop):
            self._print(Text.assemble((f"  {name:<20}", "cyan"), value))  # never cut or wrapped: it is copied
        self._print(Text("\nCtrl-C stops everything.\n"))

    def _print(self, what: Text) -> None:
        with contextlib.suppress(OSError):
            self._console.print(what)


def _rows(base_url: str, home: Path, shop: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    rows = [
        ("Interactive docs", f"{base_url}/docs"),
        ("OpenAPI", f"{base_url}/openapi/kibo.json"),
        ("Health, metrics", f"{base_url}/readyz  {base_url}/metrics"),
    ]
    if shop:
        second = shop["commercelayer"]
        rows += [
            ("Tenant, site", f"{shop['tenant_id']}, {shop['site_id']}"),
            ("Kibo client id", shop["kibo"]["client_id"]),
            ("Kibo client secret", shop["kibo"]["client_secret"]),
            ("JSON:API client id", second["integration"]["client_id"]),
            ("JSON:API secret", second["integration"]["client_secret"]),
            ("Channel id, scope", f"{second['sales_channel']['client_id']}  {second['sales_channel']['scope']}"),
            ("Shopper", f"{shop['shopper']['email']}  {shop['shopper']['password']}"),
            ("Staff", f"{shop['staff']['email']}  {shop['staff']['password']}"),
            ("The same as a file", str(home / "demo.json")),
        ]
    return [*rows, ("Data folder", str(home))]
