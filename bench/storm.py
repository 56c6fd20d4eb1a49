"""200 sign-ins at once: do the other requests notice, and does memory stay bounded?"""

import subprocess

import msgspec

from bench.data import Data
from bench.installation import Servers
from bench.load import Plan, Result
from bench.machine import forget_peak, memory_mb
from bench.measuring import started
from bench.scenarios import sign_in

SIGN_INS = 200
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n"


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. Memory is that of one server process."""

    sign_ins: int
    processes: int
    sign_ins_per_second: float
    turned_away: int
    health_p50_ms: float
    health_p99_ms: float
    health_largest_ms: float
    memory_before_mb: float
    memory_peak_mb: float


def storm(servers: Servers, data: Data, seconds: float) -> Storm:
    """Keep 200 sign-ins under way, and ask for the health every 5 ms meanwhile."""
    for pid in servers.pids:
        forget_peak(pid)
    before = max(memory_mb(pid) for pid in servers.pids)
    crowd = started(
        Plan(port=servers.port, requests=sign_in(data), connections=SIGN_INS, seconds=seconds, warm_seconds=1)
    )
    doctor = started(
        Plan(port=servers.port, requests=[HEALTH], connections=2, seconds=seconds, warm_seconds=1, pause_seconds=0.005)
    )
    signed_in, health = _finished(crowd), _finished(doctor)
    return Storm(
        sign_ins=SIGN_INS,
        processes=len(servers.pids),
        sign_ins_per_second=signed_in.statuses.get(201, 0) / signed_in.seconds,
        turned_away=signed_in.statuses.get(429, 0),
        health_p50_ms=health.p50_ms,
        health_p99_ms=health.p99_ms,
        health_largest_ms=health.largest_ms,
        memory_before_mb=before,
        memory_peak_mb=max(memory_mb(pid, "VmHWM") for pid in servers.pids),
    )


def _finished(process: "subprocess.Popen[bytes]") -> Result:
    assert process.stdout is not None
    line = process.stdout.readlines()[-1]
    process.wait(30)
    return msgspec.json.decode(line, type=Result)
