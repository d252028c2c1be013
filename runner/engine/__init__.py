"""decide -> perform -> record, for many jobs at once.

``run`` is the loop and its end; ``dispatch`` says which job begins when; ``work`` takes one job through its life with
``submission``, ``following`` and ``fetching``. They share a ``context``: the ``ports`` to the outside, the ``gate``
that every request passes, the ``slots`` of tasks in flight and the ``halt`` that stops them. ``guards`` sends the first
jobs of each kind ahead, and ``canaries`` keeps what became of them. ``inquiry`` asks about tasks outside a run.
"""
