"""Answers that must not tell by their time whether somebody is a customer."""

import asyncio
import time

from patron.kernel.context import Ctx

SECONDS_MIN = 0.1


class Pace:
    """The moment before which a request is not answered, from when this is made."""

    def __init__(self) -> None:
        self._earliest = time.monotonic() + SECONDS_MIN

    def hold(self, ctx: Ctx) -> None:
        """Have the open transaction's answer wait for that moment, after the commit."""
        ctx.db.after_commit(lambda: asyncio.sleep(self._earliest - time.monotonic()))
