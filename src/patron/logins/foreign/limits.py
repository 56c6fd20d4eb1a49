"""How much work a foreign hash may be. Beyond it one sign-in would hold this process's one hashing thread for too long.

Every hash within these bounds is checked in about two seconds at most on one core of 2024 and in 256 MiB; ours takes
0.03 s. They are tighter than what other importers refuse (scrypt N > 2^17, argon2 m > 1 GiB, bcrypt > 15, PBKDF2 over
10 million rounds), and leave room above what the systems of `formats.py` make by default.
"""

BCRYPT_COST_MAX = 14  # usual: 10 to 13
PBKDF2_ROUNDS_MAX = 3_000_000  # times the blocks of output; usual: 20,000 to 1.5 million
ARGON2_KIB_MAX = 256 * 1024  # usual: 7 to 64 MiB
ARGON2_PASSES_MAX = 10
ARGON2_WORK_MAX = 1024 * 1024  # KiB times passes
ARGON2_LANES_MAX = 16
SCRYPT_N_MAX = 2**17  # usual: 2^14 to 2^15 with r = 8
SCRYPT_WORK_MAX = 2**20  # N times r times p: 128 MiB
LOOPS_MAX = 2**18  # of one digest after another; usual: 2^10 to 2^16


class TooCostly(Exception):
    """The hash asks for more work than we do. Its text is a sentence without its subject."""


def within(name: str, value: int, limit: int) -> None:
    """Raises TooCostly for a value over the limit."""
    if value > limit:
        raise TooCostly(f"is too costly to check: {name} may be at most {limit}")
