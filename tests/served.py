"""`patron serve` as a real process, and the processes below it."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from installations import CLEAN
from patron.processes import is_alive


@dataclass
class Served:
    """One running `patron serve` and what it wrote."""

    process: "subprocess.Popen[bytes]"
    home: Path
    output: Path

    def demo(self) -> dict[str, Any]:
        wait_for(lambda: (self.home / "demo.json").exists() or self.process.poll() is not None, seconds=180)
        assert self.process.poll() is None, self.said()
        found: dict[str, Any] = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        return found

    def said(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.output.read_text(encoding="utf-8", errors="replace"))

    def crew(self) -> dict[int, str]:
        """The live processes below the supervisor, each with its command line."""
        return {pid: command(pid) for pid in below(self.process.pid)}

    def pid_of(self, part: str) -> int:
        return next(pid for pid, line in self.crew().items() if part in line)

    def stop(self, signum: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)


def wait_for(condition: Callable[[], object], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what the test waits for did not happen"
        time.sleep(0.05)


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def below(pid: int) -> list[int]:
    try:
        children = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        children = []
    return [p for child in children for p in (child, *below(child)) if is_alive(p)]


def all_gone(pids: dict[int, str]) -> bool:
    return not any(is_alive(pid) and command(pid) == line for pid, line in pids.items())


def is_ready(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def start_serving(home: Path, output: Path, *arguments: str, **env: str) -> Served:
    """Start `patron serve` on a home; the caller stops it."""
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "patron.serve", *arguments],
            env=CLEAN | {"PORT": "0", "PATRON_HOME": str(home)} | env,
            cwd=output.parent,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Served(process, home, output)
