"""`make bench`: how fast this machine serves what shops ask most, and how fast it could at best.

One run makes an installation of its own, fills it, and measures each scenario twice: on Patron, and on its *floor*, a
bare program under `floor/` that gives the same bytes with the fewest statements. `python -m bench --help`.
"""
