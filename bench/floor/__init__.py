"""What is possible at best: the same bytes as Patron's, from bare programs with the fewest statements.

Written without Patron's queries, bodies or kernel; only the server's settings are shared, so that they are the same.
"""
