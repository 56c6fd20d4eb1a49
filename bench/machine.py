"""What the kernel knows of processes and of this machine: processor time, memory, names."""

import os
import platform
import subprocess
from pathlib import Path

import msgspec

TICKS = os.sysconf("SC_CLK_TCK")


class Clocks(msgspec.Struct, frozen=True):
    """Processor seconds used so far: by the servers, by PostgreSQL, by everything on the machine."""

    server: float
    database: float
    machine: float


def clocks(servers: list[int], postmaster: int) -> Clocks:
    """Read all at once."""
    ended = sum(map(int, _stat(postmaster)[13:15])) / TICKS  # processes of connections and vacuums that are gone
    return Clocks(_used(servers), ended + _used([postmaster, *children(postmaster)]), _busy())


def children(parent: int) -> list[int]:
    """The direct children of a process."""
    known = {int(one.name): _stat(int(one.name)) for one in Path("/proc").iterdir() if one.name.isdigit()}
    return [pid for pid, fields in known.items() if fields and int(fields[1]) == parent]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the program's name; none when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _used(pids: list[int]) -> float:
    fields = [found for pid in pids if (found := _stat(pid))]
    return sum(int(found[11]) + int(found[12]) for found in fields) / TICKS


def _busy() -> float:
    user, nice, system, _idle, _wait, irq, soft = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8])
    return (user + nice + system + irq + soft) / TICKS


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Resident memory of a process now, or with `VmHWM` its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def forget_peak(pid: int) -> None:
    """Let the peak start again from now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def described() -> dict[str, str]:
    """This machine in words."""
    cpu = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    return {
        "processor": (cpu or [platform.machine()])[0],
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "revision": _revision(),
    }


def _revision() -> str:
    try:
        done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
