"""`python -m bench.floor.server <fd>`: the floor, served with the very settings of a Patron server process."""

import sys

from patron.server import run

if __name__ == "__main__":
    run(int(sys.argv[1]), factory="bench.floor.app:create_app")
