"""Deliberate bugs, one at a time, in a copy of the tree: each must be caught by the test that the list names for it.

``python -m tests.seeded`` tries them all, ``python -m tests.seeded NAME ...`` some of them, ``--sample N`` a few that are
spread over the list (as CI does, marked ``faults``), and ``--table`` gives the result in Markdown. ``bugs`` is the list;
``trials`` first sees that none of the tests fails without a bug. A suite that cannot fail proves nothing; this is the
test of the tests.
"""
