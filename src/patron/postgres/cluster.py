"""Start and stop of the embedded server: make the data folder once, check it, run `postgres` as our direct child.

No pg_ctl and no daemon: the server is a child like any other, so it cannot be forgotten. It is told to shut down in
its orderly, fast way (SIGINT) by `stop()`, and by the kernel when we end without having called it.
"""

import contextlib
import locale
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from patron.postgres import binaries, place
from patron.postgres.binaries import Binaries, PostgresError, Say
from patron.postgres.place import Place
from patron.processes import is_alive, working_in, works_in

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "jit": "off",  # short statements only: compiling them costs more than running them
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
START_SECONDS_MAX = 600  # recovery after a crash replays the log; as long as the server lives we wait
PREDECESSOR_SECONDS_MAX = 10
STOPPING_SECONDS_MAX = 120
LOG_BYTES_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class Running:
    """A running server. `url` is for asyncpg; `process` is our child, whose end means that the server ended."""

    url: str
    process: "subprocess.Popen[str]"
    folder: Path
    sockets: Path

    def stop(self, *, patience_seconds: float = 30) -> None:
        """Shut down: open transactions are rolled back, what was committed is on disk. Harmless when it ended already.

        A server that does not end in time gets SIGQUIT, then SIGKILL; the next start recovers what was committed.
        """
        _stop(self.process, patience_seconds)
        if not self.sockets.is_relative_to(self.folder):
            with contextlib.suppress(OSError):  # not empty after SIGKILL; the next start uses it again
                self.sockets.rmdir()


def start(home: Path, *, settings: Mapping[str, str] | None = None, say: Say = lambda _: None) -> Running:
    """Start the server of `home`, making its data folder at the first start, and return when it takes connections.

    `settings` go over our own (tests use `fsync=off`); `say` gets a sentence about each slow or surprising step.
    Call it from the main thread. Raises PostgresError with a sentence for the person at the screen.
    """
    home = place.make_home(home)
    where = place.find_or_make(home, say)
    programs = binaries.find(where.owner, say)
    chosen = SETTINGS | dict(settings or {})
    if where.data.exists():
        _check_version(where.data, programs)
    else:
        _make_data(where, programs, durable=chosen["fsync"] != "off", say=say)
    _wait_for_predecessor(where.data, say)
    sockets = where.socket_folder()
    options = chosen | {"listen_addresses": "", "unix_socket_directories": str(sockets)}
    process = _spawn_until_ready(where, programs, options, home / "postgres.log", say)
    return Running(_url(sockets), process, where.folder, sockets)


def running_url(home: Path) -> str | None:
    """The URL of the server that runs on `home` now, for commands beside `patron serve`; None without one."""
    where = place.find(place.make_home(home)) if home.exists() else None
    if where is None:
        return None
    pid, status, sockets = _postmaster(where.data)
    return _url(Path(sockets)) if pid and status == "ready" and is_alive(pid) else None


def has_data(home: Path) -> bool:
    """Whether a server of `home` was started before."""
    where = place.find(home)
    return where is not None and where.data.exists()


def _url(sockets: Path) -> str:
    return f"postgresql://patron@/patron?host={quote(str(sockets))}&port=5432"


def _check_version(data: Path, programs: Binaries) -> None:
    try:
        made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise PostgresError(
            f"{data} is not a PostgreSQL data folder (it has no PG_VERSION). Nothing was changed."
        ) from None
    if made_by != programs.major:
        raise PostgresError(
            f"The data in {data} was written by PostgreSQL {made_by}, this Patron brings PostgreSQL "
            f"{programs.version}, which cannot read it. Nothing was changed. Start the Patron release that wrote it "
            "and dump the data with its pg_dump, or convert the folder with pg_upgrade, or set DATABASE_URL to a "
            f"PostgreSQL {made_by} of your own."
        )


def _make_data(where: Place, programs: Binaries, *, durable: bool, say: Say) -> None:
    """initdb and `create database` under another name until all is done: half-made data is never taken for data."""
    say(f"Making a new PostgreSQL {programs.version} data folder in {where.data}")
    draft = where.folder / "data.new"
    if draft.exists():
        shutil.rmtree(draft)
    programs.run(
        "initdb",
        f"--pgdata={draft}",
        "--username=patron",
        "--auth-local=trust",  # only the owner and root can enter the socket's folder
        "--auth-host=reject",
        "--encoding=UTF8",
        # Letters, case and order by Unicode, whatever the system's C library knows: lower('É') is 'é' everywhere.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        f"--lc-ctype={_system_ctype()}",
        *([] if durable else ["--no-sync"]),
    )
    single = ["--single", "-D", str(draft), *([] if durable else ["-c", "fsync=off"])]
    programs.run("postgres", *single, "postgres", feed="create database patron\n")
    draft.rename(where.data)
    folder = os.open(where.folder, os.O_RDONLY)
    os.fsync(folder)  # the new name must be on disk before anything inside is promised to be
    os.close(folder)


def _system_ctype() -> str:
    """A UTF-8 locale of the C library: trigrams of non-ASCII words still ask it which characters are letters."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                return locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _postmaster(data: Path) -> tuple[int, str, str]:
    """Process id, status and socket folder out of postmaster.pid; 0 and blanks while there is none."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    lines += [""] * (8 - len(lines))
    return (int(lines[0]) if lines[0].isdigit() else 0), lines[7].strip(), lines[4].strip()


def _wait_for_predecessor(data: Path, say: Say) -> None:
    """Let a server whose parent was killed finish its shutdown; refuse one that goes on running."""
    began, told = time.monotonic(), False
    while (pid := _postmaster(data)[0]) and is_alive(pid):
        if not works_in(pid, data):
            # The number belongs to another process now (a reboot, a container). PostgreSQL would take it for a server.
            (data / "postmaster.pid").unlink(missing_ok=True)
            return
        waited = time.monotonic() - began
        limit = STOPPING_SECONDS_MAX if _postmaster(data)[1] == "stopping" else PREDECESSOR_SECONDS_MAX
        if waited > limit:
            raise PostgresError(
                f"A PostgreSQL server (process {pid}) already runs on {data}. "
                f"Stop the Patron that started it, or end it with: kill -INT {pid}"
            )
        if waited > 1 and not told:
            say(f"Waiting for the previous PostgreSQL (process {pid}) to shut down")
            told = True
        time.sleep(0.02)


def _spawn_until_ready(
    where: Place, programs: Binaries, options: Mapping[str, str], log: Path, say: Say
) -> "subprocess.Popen[str]":
    arguments = ["-D", str(where.data), *(part for k, v in options.items() for part in ("-c", f"{k}={v}"))]
    for attempt in range(3):
        with _opened(log) as output:
            written = output.tell()
            process = programs.spawn("postgres", *arguments, output=output, on_death=signal.SIGINT)
        try:
            if _becomes_ready(process, where.data, log, say):
                return process
        except BaseException:  # Ctrl-C while it recovers
            _stop(process)
            raise
        with log.open(encoding="utf-8", errors="replace") as text:
            text.seek(written)
            said = text.read().strip()
        if attempt == 2 or "pre-existing shared memory block" not in said:
            break
        _end_orphans(where.data, say)
    raise PostgresError(f"PostgreSQL did not start. It says (in {log}):\n{said[-2000:]}")


def _becomes_ready(process: "subprocess.Popen[str]", data: Path, log: Path, say: Say) -> bool:
    """Wait until it takes connections; False when it ended instead."""
    began, told = time.monotonic(), False
    while process.poll() is None:
        pid, status, _ = _postmaster(data)
        if pid == process.pid and status == "ready":
            return True
        waited = time.monotonic() - began
        if waited > START_SECONDS_MAX:
            _stop(process)
            raise PostgresError(f"PostgreSQL was not ready after {START_SECONDS_MAX} seconds; {log} says why.")
        if waited > 3 and not told:
            say("PostgreSQL recovers from an unclean stop; this can take a while")
            told = True
        time.sleep(0.01)
    return False


def _end_orphans(data: Path, say: Say) -> None:
    """Server processes whose postmaster was killed end by themselves, but one amid a long statement only after it."""
    for patience, signum in ((1, signal.SIGQUIT), (2, signal.SIGKILL), (2, None)):
        began = time.monotonic()
        while orphans := working_in(data):
            if time.monotonic() - began > patience:
                break
            time.sleep(0.05)
        else:
            return
        if signum:
            say(f"Ending {len(orphans)} processes that a killed PostgreSQL left behind")
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
    raise PostgresError(f"Processes of a killed PostgreSQL do not end: {', '.join(map(str, orphans))}")


def _stop(process: "subprocess.Popen[str]", patience_seconds: float = 30) -> None:
    for signum, patience in ((signal.SIGINT, patience_seconds), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if process.poll() is None:
            process.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def _opened(log: Path) -> TextIO:
    """The server's log in `home`, opened by us; one old log is kept beside it."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    output = os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8")
    output.seek(0, os.SEEK_END)
    return output
