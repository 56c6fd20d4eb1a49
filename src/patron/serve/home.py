"""The folder of one installation: who may use it, its secret key, and the demo credentials in it."""

import base64
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from patron.demo import SHOP_FILE
from patron.files import write_private
from patron.serve.screen import CannotStart

KEY_FILE = "secret.key"
DEMO_FILE = "demo.json"  # what `patron.demo` made, with the base URL; its being there says "ready"


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the folder for this process alone. Raises CannotStart naming the process that holds it already.

    The kernel lets go of the lock when the process ends, however it ends; the file itself stays.
    """
    file = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 20).decode(errors="replace").strip() or "unknown"
            raise CannotStart(
                f"Patron already runs on {home} (process {holder}). "
                "Stop that one first, or use another folder: PATRON_HOME=<folder>."
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def read_key(home: Path, *, holds_data: bool) -> str | None:
    """The key file's text, or None when this is a new folder. Raises CannotStart when the key of old data is gone."""
    file = home / KEY_FILE
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if not holds_data:
            return None
        raise CannotStart(
            f"{home} holds data, but its key file {file} is gone and PATRON_SECRET_KEY is not set. Without that key, "
            "what is stored encrypted stays unreadable. Bring the key back; to start over, remove the folder."
        ) from None


def make_key(home: Path) -> str:
    """Make the key file: 32 random bytes as base64url, for the owner's eyes only, on disk before it is used."""
    text = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    write_private(home / KEY_FILE, text + "\n")
    return text


def withdraw_demo(home: Path) -> None:
    """Remove demo.json, whose being there says that the server is ready."""
    (home / DEMO_FILE).unlink(missing_ok=True)


def read_shop(home: Path) -> dict[str, Any] | None:
    """What `patron.demo` left: tenant_id, site_id and the credentials; None in a database of other tenants."""
    file = home / SHOP_FILE
    shop: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    return shop


def publish_demo(home: Path, base_url: str, domain: str, shop: dict[str, Any]) -> None:
    """Write demo.json whole or not at all: the shop, with the addresses that this start gives it."""
    second = shop["commercelayer"]
    reached = {"organization": second["organization"], "domain": domain, **second}
    told = {"base_url": base_url, **shop, "commercelayer": reached}
    write_private(home / DEMO_FILE, json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def fresh_metrics(home: Path) -> str:
    """An empty folder in which the processes of this start add up their figures."""
    metrics = home / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    return str(metrics)
