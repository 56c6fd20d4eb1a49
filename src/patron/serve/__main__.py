"""`python -m patron.serve [--no-demo]`, the same as `patron serve`."""

import sys

from patron.serve.run import serve

sys.exit(serve(demo="--no-demo" not in sys.argv[1:]))
