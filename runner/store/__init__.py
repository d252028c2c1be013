"""The state: SQLite through SQLAlchemy Core, every write durable before anyone acts upon it.

``database`` opens a file, ``ddl``, ``schema`` and ``migrations`` say what stands in it, ``writer`` makes changes durable.
The changes themselves are plain functions, handed to a writer: ``batches``, ``enrolment``, ``attempts`` (the books),
``outputs`` (the files), ``mending`` (files that are gone), ``media`` (what is in them), ``pruning`` (those that were rejected),
``decisions`` and ``choices`` (a person's). ``reads`` and ``records`` ask, ``retakes`` what is to be made again; ``guards`` asks
before money is spent, ``health`` looks for damage, ``watching`` for what has changed. ``locks`` keeps one actor a batch.
"""
