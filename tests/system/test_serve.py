"""`patron serve` as its user meets it: a real process with its database, worker and servers, stopped in every way."""

import contextlib
import fcntl
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from installations import CLEAN
from patron import postgres
from served import Served, all_gone, free_port, is_ready, start_serving, wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def top() -> Iterator[Path]:
    """A folder that PostgreSQL's user can pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="patron-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def seeded(top: Path) -> Path:
    """The home that the tests below start again and again: its demo shop is made once."""
    return top / "seeded"


@pytest.fixture
def serve(top: Path) -> Iterator[Callable[..., Served]]:
    """Start `patron serve` on a home; whatever the test leaves running is stopped."""
    started: list[Served] = []

    def start(home: Path, *arguments: str, **env: str) -> Served:
        started.append(start_serving(home, top / f"output-{len(started)}", *arguments, **env))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.stop()


class Shop:
    """The demo shop's back end: signs in with the demo credentials and keeps customers."""

    def __init__(self, demo: dict[str, Any]) -> None:
        self._url = demo["base_url"]
        answer = httpx.post(
            f"{self._url}/api/platform/applications/authtickets/oauth",
            json={**demo["kibo"], "grant_type": "client_credentials"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        self._headers = {
            "Authorization": f"Bearer {answer.json()['access_token']}",
            "x-vol-tenant": str(demo["tenant_id"]),
            "x-vol-site": str(demo["site_id"]),
        }

    def add(self, email: str) -> int:
        answer = httpx.post(
            f"{self._url}/api/commerce/customer/accounts",
            headers=self._headers,
            json={"emailAddress": email},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def email_of(self, account_id: int) -> str | None:
        """The account's address; None while the service is recovering."""
        try:
            answer = httpx.get(f"{self._url}/api/commerce/customer/accounts/{account_id}", headers=self._headers)
        except httpx.HTTPError:
            return None
        return str(answer.json()["emailAddress"]) if answer.status_code == 200 else None


def test_first_start_makes_all_and_says_where(serve: Callable[..., Served], seeded: Path) -> None:
    served = serve(seeded)
    demo = served.demo()
    parts = dict.fromkeys(("kibo", "staff", "shopper", "commercelayer"), dict)
    shape = {"base_url": str, "tenant_id": int, "site_id": int, **parts}
    assert {key: type(value) for key, value in demo.items()} == shape
    assert {key: type(value) for key, value in demo["kibo"].items()} == {"client_id": str, "client_secret": str}
    assert {key: type(value) for key, value in demo["staff"].items()} == {"email": str, "password": str}
    shopper = {key: type(value) for key, value in demo["shopper"].items()}
    assert shopper == {"email": str, "password": str, "account_id": int}
    second = demo["commercelayer"]
    assert list(second) == ["organization", "domain", "integration", "sales_channel"]
    assert (second["organization"], second["domain"]) == ("patron-demo", "patron.localhost")
    assert list(second["integration"]) == ["client_id", "client_secret"]
    assert list(second["sales_channel"]) == ["client_id", "scope"]
    for secret in ("demo.json", "demo-shop.json", "secret.key"):
        assert (seeded / secret).stat().st_mode & 0o777 == 0o600

    for path in ("/healthz", "/readyz", "/metrics", "/openapi/kibo.json", "/docs"):
        assert httpx.get(demo["base_url"] + path, follow_redirects=True, timeout=60).status_code == 200, path
    Shop(demo).add("first@example.com")

    servers = [line for line in served.crew().values() if "patron.server" in line]
    assert len(servers) == len(os.sched_getaffinity(0))
    wait_for(lambda: "Ctrl-C stops everything" in served.said())
    secrets = (demo["kibo"]["client_secret"], second["integration"]["client_secret"], demo["shopper"]["password"])
    for told in (demo["base_url"], *secrets, "secret.key"):
        assert told in served.said()


def test_a_second_start_on_the_same_folder_is_refused(serve: Callable[..., Served], seeded: Path) -> None:
    first = serve(seeded)
    base_url = first.demo()["base_url"]
    second = serve(seeded)
    assert second.process.wait(120) == 1
    assert f"already runs on {seeded} (process {first.process.pid})" in second.said()
    assert is_ready(base_url)
    assert (seeded / "demo.json").exists()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_everything(serve: Callable[..., Served], seeded: Path, signum: signal.Signals) -> None:
    served = serve(seeded, PATRON_WORKERS="2")
    served.demo()
    crew = served.crew()
    assert {"patron.server", "patron.worker"} <= {part for line in crew.values() for part in line.split()}
    assert served.stop(signum) == 0
    assert all_gone(crew)
    assert not (seeded / "demo.json").exists()
    assert "Stopped" in served.said()


@pytest.mark.parametrize("part", ["patron.server", "patron.worker", "bin/postgres"])
def test_a_killed_child_is_started_again_and_nothing_answered_is_lost(
    serve: Callable[..., Served], seeded: Path, part: str
) -> None:
    served = serve(seeded)
    demo = served.demo()
    shop = Shop(demo)
    email = f"kept-{part.replace('/', '.')}@example.com"
    account_id = shop.add(email)
    killed = served.pid_of(part)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: any(part in line and pid != killed for pid, line in served.crew().items()))
    wait_for(lambda: is_ready(demo["base_url"]))
    wait_for(lambda: shop.email_of(account_id) == email)
    assert "starting it again" in served.said()


def test_a_killed_supervisor_takes_all_along_and_the_next_start_recovers(
    serve: Callable[..., Served], seeded: Path
) -> None:
    port = str(free_port())
    first = serve(seeded, PORT=port)
    demo = first.demo()
    account_id = Shop(demo).add("survivor@example.com")
    crew = first.crew()
    first.process.kill()
    first.process.wait()
    second = serve(seeded, PORT=port)  # at once, on the same port and data
    wait_for(lambda: "Ctrl-C stops everything" in second.said() or second.process.poll() is not None)
    assert Shop(second.demo()).email_of(account_id) == "survivor@example.com"
    assert all_gone(crew)


def test_a_taken_port_is_named_before_any_work(serve: Callable[..., Served], top: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = serve(top / "unused", PORT=str(port))
        assert served.process.wait(120) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in served.said()
    assert not (top / "unused" / "postgres").exists()


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PORT", "many", "PORT cannot be read: 'many'"),
        ("PORT", "70000", "PORT=70000 is no port"),
        ("PATRON_WORKERS", "-1", "PATRON_WORKERS=-1 is no number of processes"),
        ("PATRON_HOST", "nowhere.invalid", "PATRON_HOST=nowhere.invalid"),
        ("PATRON_SECRET_KEY", "short", "The secret key must be 32 bytes in base64url"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "could not be brought up to date"),
    ],
)
def test_a_setting_that_cannot_work_ends_with_a_sentence(
    serve: Callable[..., Served], top: Path, setting: str, value: str, sentence: str
) -> None:
    served = serve(top / "wrong", "--no-demo", **{setting: value})
    assert served.process.wait(120) == 1
    assert sentence in served.said()


def test_data_without_its_key_is_refused(serve: Callable[..., Served], seeded: Path) -> None:
    first = serve(seeded)
    first.demo()
    first.stop()
    key = seeded / "secret.key"
    kept = key.rename(seeded / "kept.key")
    second = serve(seeded)
    assert second.process.wait(120) == 1
    assert f"its key file {key} is gone" in second.said()
    kept.rename(key)
    assert serve(seeded).demo()


def test_an_own_database_is_used_and_none_is_started(serve: Callable[..., Served], top: Path) -> None:
    running = postgres.start(top / "own-database", settings={"fsync": "off"})
    try:
        port = free_port()
        served = serve(top / "own", "--no-demo", DATABASE_URL=running.url, PORT=str(port))
        wait_for(lambda: is_ready(f"http://127.0.0.1:{port}") or served.process.poll() is not None)
        assert is_ready(f"http://127.0.0.1:{port}"), served.said()
        assert not any("bin/postgres" in line for line in served.crew().values())
        assert not (top / "own" / "postgres").exists()
        assert not (top / "own" / "demo.json").exists()
        assert served.stop() == 0
    finally:
        running.stop()


def test_a_request_head_without_end_is_cut_off(serve: Callable[..., Served], seeded: Path) -> None:
    base_url = httpx.URL(serve(seeded).demo()["base_url"])
    with socket.create_connection((base_url.host, base_url.port or 0), timeout=30) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nendless: ")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(b"x" * 10_000_000)
    assert is_ready(str(base_url))


def test_ctrl_c_below_make_on_a_terminal_is_no_error(seeded: Path) -> None:
    master, slave = pty.openpty()
    environment = Path(sys.prefix)
    process = subprocess.Popen(
        ["make", f"VENV={environment}", "-o", f"{environment}/runtime.stamp", "serve", "PORT=0"],
        env=CLEAN | {"PATRON_HOME": str(seeded)},
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    said = b""
    with contextlib.suppress(OSError):  # EIO: the last process on the terminal has ended
        while select.select([master], [], [], 180)[0]:
            more = os.read(master, 65536)
            said += more
            if b"Ctrl-C stops everything" in more:
                os.write(master, b"\x03")
    assert process.wait(120) == 0, said.decode()
    assert b"Stopped" in said
    assert b"***" not in said
    os.close(master)
