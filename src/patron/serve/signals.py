"""Ctrl-C and SIGTERM, and the terminal they come from."""

import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from patron.processes import end_with_parent


class Stop(BaseException):
    """Raised by the first stop signal, wherever the supervisor is at that moment."""


class Signals:
    """The first SIGINT, SIGTERM or SIGHUP raises `Stop`; each later one only counts, so that cleaning up is not cut."""

    def __init__(self) -> None:
        self.stops = 0
        self._wakes, self._awake = socket.socketpair()
        for end in (self._wakes, self._awake):
            end.setblocking(False)
        signal.set_wakeup_fd(self._awake.fileno(), warn_on_full_buffer=False)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:  # nohup
                signal.signal(signum, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes `pause` when a child ends

    def pause(self, seconds: float) -> None:
        """Sleep until a signal comes, a child ends, or the time is over."""
        select.select([self._wakes], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self._wakes.recv(4096)

    def finish(self) -> None:
        """From here on no signal raises `Stop` any more."""
        self.stops = max(self.stops, 1)

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self.stops += 1
        if self.stops == 1:
            raise Stop


@contextlib.contextmanager
def below_make() -> Iterator[None]:
    """As a child of `make`: end when make is killed, and keep Ctrl-C on a terminal to ourselves.

    make would die of the same Ctrl-C and report an interrupt after we have ended in good order, so we take the
    terminal's foreground. Ctrl-Z is ignored meanwhile, because the shell that could continue us only knows make.
    """
    is_below = _parent_is_make()
    if is_below:
        end_with_parent(signal.SIGTERM)
    on_terminal = is_below and sys.stdin is not None and sys.stdin.isatty()
    if not on_terminal or os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
        yield
        return
    terminal, group = sys.stdin.fileno(), os.getpgrp()
    for signum in (signal.SIGTTOU, signal.SIGTSTP):  # changing the foreground from the background raises SIGTTOU
        signal.signal(signum, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, group)


def _parent_is_make() -> bool:
    """Whether make itself waits for us, not some shell that was once started by it."""
    try:
        name = Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        name = "make"  # the system does not tell: believe the environment
    return "MAKELEVEL" in os.environ and name in {"make", "gmake"}
