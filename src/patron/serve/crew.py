"""The processes under the supervisor: started, started again when they die, stopped in order."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patron.postgres import PostgresError
from patron.processes import die_with_parent
from patron.serve.screen import Screen
from patron.serve.signals import Signals

STEADY_SECONDS = 60  # a process that lived this long died of something new
BACKOFF_SECONDS_MAX = 15
# Hashing a password walks all over 19 MB: in huge pages, which only the main heap has, that takes a tenth less.
MEMORY = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1"}


def module(name: str, *arguments: str, env: Mapping[str, str], fds: Sequence[int] = ()) -> "subprocess.Popen[Any]":
    """Start `python -m name` out of our own reach of Ctrl-C; the kernel kills it when we die without stopping it."""
    return subprocess.Popen(  # noqa: S603 - our own modules, arguments without a shell
        # -P: a file of the current folder never shadows a module of ours.
        [sys.executable, "-P", "-m", name, *arguments],
        env={**MEMORY, **env},
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )


@dataclass(slots=True)
class Member:
    """One process to look after. `rank`: those with the highest number are stopped first, equal ones together."""

    name: str
    rank: int
    launch: Callable[[], "subprocess.Popen[Any]"]
    endings: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGKILL)
    patience_seconds: float = 15
    process: "subprocess.Popen[Any] | None" = None
    since: float = 0.0
    deaths: int = 0  # in a row, each soon after a start
    due: float = 0.0


class Crew:
    """All members; `look_after` is called often and returns soon."""

    def __init__(self, signals: Signals, screen: Screen) -> None:
        self._signals = signals
        self._screen = screen
        self._members: list[Member] = []

    def add(self, member: Member) -> None:
        """Start a member and keep it running from now on. What its launch raises is raised here."""
        self._members.append(member)
        member.since = time.monotonic()
        member.process = member.launch()

    def look_after(self) -> None:
        """Start again what has died: the first time at once, then after longer and longer pauses."""
        for member in self._members:
            process, now = member.process, time.monotonic()
            if process is not None and process.poll() is not None:
                self._note_death(member, f"{member.name} (process {process.pid}) {_ended(process.returncode)}")
            if member.process is None and now >= member.due:
                member.since = now
                try:
                    member.process = member.launch()
                except (PostgresError, OSError) as error:
                    self._note_death(member, f"{member.name} does not start: {error}")

    def hopeless(self) -> str | None:
        """The name of a member that dies each time right after its start, if there is one."""
        return next((member.name for member in self._members if member.deaths >= 5), None)

    def stop(self) -> None:
        """Stop all, rank by rank. Members that do not end in time are killed; so is the rest at a second Ctrl-C."""
        for rank in sorted({member.rank for member in self._members}, reverse=True):
            ranked = [member for member in self._members if member.rank == rank]
            for stage in range(max(len(member.endings) for member in ranked)):
                running = [m for m in ranked if m.process is not None and m.process.poll() is None]
                for member in running:
                    assert member.process is not None
                    member.process.send_signal(member.endings[min(stage, len(member.endings) - 1)])
                self._wait(running)

    def _wait(self, members: Sequence[Member]) -> None:
        end = time.monotonic() + max((member.patience_seconds for member in members), default=0)
        stops = self._signals.stops
        while any(m.process is not None and m.process.poll() is None for m in members):
            if time.monotonic() > end or self._signals.stops > stops:
                return
            self._signals.pause(0.2)

    def _note_death(self, member: Member, what: str) -> None:
        now = time.monotonic()
        member.deaths = 1 if now - member.since > STEADY_SECONDS else member.deaths + 1
        pause = 0 if member.deaths == 1 else min(0.25 * 2 ** (member.deaths - 1), BACKOFF_SECONDS_MAX)
        member.process, member.due = None, now + pause
        self._screen.warn(f"{what}; starting it again" + (f" in {pause:g} s" if pause else ""))


def _ended(returncode: int) -> str:
    if returncode < 0:
        return f"was ended by signal {-returncode} ({signal.strsignal(-returncode)})"
    return f"ended with status {returncode}"
