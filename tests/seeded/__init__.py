"""Deliberate bugs, one at a time, in a copy of the tree: each must be caught by a test that is named.

``python -m tests.seeded`` tries them all and prints a table; ``python -m tests.seeded NAME ...`` some of them.
``bugs`` is the list. A suite that cannot fail proves nothing; this is the test of the tests.
"""
