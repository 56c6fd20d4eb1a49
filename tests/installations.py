"""Installations for tests: a database of their own, a home folder, and the commands run as real processes."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from typer.testing import CliRunner

from patron.cli import app

# A stranger's settings in the environment of the test run must not reach the commands under test.
NOT_OURS = re.compile(r"PATRON_.*|PROMETHEUS_.*|DATABASE_URL|PORT|MAKE.*|MFLAGS")
CLEAN = {name: value for name, value in os.environ.items() if not NOT_OURS.fullmatch(name)}
KEY = "B" * 42 + "A"


class Installation:
    """A migrated database without a tenant, and a home folder for what the commands write."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home
        self.env = CLEAN | {
            "DATABASE_URL": url,
            "PATRON_HOME": str(home),
            "PATRON_SECRET_KEY": KEY,
            "PATRON_BASE_URL": "http://127.0.0.1:8123",
        }

    def run(self, module: str, *arguments: str, status: int = 0, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run one of our modules to its end, and see that it ends with that status."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def patron(self, *arguments: str, status: int = 0, typed: str = "", **env: str) -> str:
        """What one of the operator's commands says, with the blanks of tables taken together.

        In this process, to save the start of another; in a thread, as commands have an event loop of their own.
        """
        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(CliRunner().invoke, app, arguments, input=typed, env=self.env | env).result()
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return re.sub(r" +", " ", done.stdout if status == 0 else done.output)

    def start(self, module: str) -> "subprocess.Popen[bytes]":
        """Start one of our modules; the caller ends it."""
        return subprocess.Popen([sys.executable, "-P", "-m", module], env=self.env, stdout=subprocess.DEVNULL)

    @property
    def shop_file(self) -> Path:
        """Where the demo shop's credentials are written."""
        return self.home / "demo-shop.json"

    def shop(self) -> dict[str, Any]:
        """The demo shop's credentials."""
        found: dict[str, Any] = msgspec.json.decode(self.shop_file.read_bytes())
        return found
