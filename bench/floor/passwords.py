"""`python -m bench.floor.passwords <threads> <seconds>`: argon2 alone; prints how many a second."""

import sys
import threading
import time

from argon2 import PasswordHasher


def main(threads: int, seconds: float) -> None:
    """Verify one password over and over in so many threads."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    hashed = hasher.hash("correct horse battery")
    took: list[int] = []
    begin = time.perf_counter() + 0.5
    end = begin + seconds

    def work() -> None:
        while (at := time.perf_counter()) < end:
            hasher.verify(hashed, "correct horse battery")
            if at >= begin:
                took.append(1)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    print(sum(took) / seconds)  # noqa: T201 - standard output is the way back


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
