"""`python probe.py URL SECONDS`: asks again and again how the service is, in a process of its own, until told to stop.

Then it prints how long each answer took, in seconds, as JSON.
"""

import json
import signal
import sys
import time

import httpx


def main(url: str, pause: float) -> None:
    """Ask until SIGTERM."""
    stopped: list[int] = []
    took: list[float] = []
    signal.signal(signal.SIGTERM, lambda signum, _frame: stopped.append(signum))
    with httpx.Client(timeout=30) as http:
        while not stopped:
            began = time.monotonic()
            answer = http.get(url)
            took.append(time.monotonic() - began)
            assert answer.status_code == 200, answer.text
            time.sleep(pause)
    sys.stdout.write(json.dumps(took))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
