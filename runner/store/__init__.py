"""The state: a SQLite file, or a schema on a PostgreSQL server, through SQLAlchemy Core; no write is acted upon before it is durable.

``places`` says where a state is, ``database`` opens it: ``state_file`` does for a file, ``postgres`` for a server. ``ddl``,
``schema`` and ``migrations`` say what stands in it, ``dialects`` what the two call by different words, and ``writer`` makes
changes durable. The changes themselves are plain functions, handed to a writer: ``batches``, ``enrolment``, ``attempts``
(the books), ``outputs`` (the files), ``mending`` (files that are gone), ``media`` (what is in them), ``pruning`` (those that
were rejected), ``decisions`` and ``choices`` (a person's). ``reads`` and ``records`` ask, ``retakes`` what is to be made
again; ``guards`` asks before money is spent, ``health`` looks for damage, ``watching`` for what has changed. ``locks`` keeps
one actor a batch, and ``holds`` knows who has lost it.
"""
