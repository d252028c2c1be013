"""The real program under fire: killed, stopped, starved of disk, network and time, and checked against the service's books.

``scene`` sets up a batch and its service, ``checker`` says what must hold, ``tracer`` kills or fails one system call,
``trials`` runs many. The long runs: ``python -m tests.faults.long``, or some of them, ``python -m tests.faults.long
--part power --count 20``. What needs root or a tool that is missing is skipped with its name.
"""
