"""What the program says when something is wrong: the real program, in about a hundred situations, a file an area.

The files ``*.txt`` are snapshots: a change of a message is seen, and read, before it reaches a user. All of them are made
anew with ``.venv/bin/python -m tests.gallery``; read the difference as a tired person at 3 a.m. would.
"""
