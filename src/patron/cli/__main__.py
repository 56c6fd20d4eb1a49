"""`python -m patron.cli`, the same as `patron`."""

from patron.cli import app

app()
