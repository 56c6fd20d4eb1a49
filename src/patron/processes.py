"""What the operating system says about processes, and children that never outlive their parent.

Used by the embedded PostgreSQL and by `patron serve`. Everything here is exact on Linux; elsewhere a child may
survive a parent that is killed hard, and the next start then says which process is in the way.
"""

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LINUX = sys.platform.startswith("linux")
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send `signum` to the child when this process ends, however it ends.

    The kernel watches the *thread* that starts the child, so children are started from the main thread only:
    RuntimeError otherwise. None where the system has no such thing.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("child processes are started from the main thread: they end when the starting thread ends")
    if _libc is None:
        return None
    parent, prctl = os.getpid(), _libc.prctl

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:  # the parent ended before the line above
            os._exit(1)

    return arrange


def end_with_parent(signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this very process when its parent ends; Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(signum))


def collect_less(often: int = 10_000) -> None:
    """Have the collector of cycles pass over all that is there now, and look less often at what is made from now on.

    Else it searches the program's own objects again and again while rows are made, although those hold no cycles.
    It looks whenever there are so many objects more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(often, 20, 20)


def is_alive(pid: int) -> bool:
    """True while the process runs; a zombie, which only waits for its parent to look, has ended."""
    if _LINUX:
        try:
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return status.rpartition(")")[2].split()[0] not in {"Z", "X"}
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def works_in(pid: int, folder: Path) -> bool:
    """Whether `folder` is the working directory of the process; True where the system does not tell."""
    try:
        return not _LINUX or Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def working_in(folder: Path) -> list[int]:
    """The live processes whose working directory is `folder`; none where the system does not tell."""
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()] if _LINUX else []
    return [pid for pid in numbers if works_in(pid, folder) and is_alive(pid)]
