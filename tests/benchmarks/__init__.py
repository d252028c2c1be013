"""Benchmarks, by one command and by hand: ``python -m tests.benchmarks [NAME...] [--runs 3]``.

A module here is either a *scenario* (``rate``, ``slots``, ``cpu``, ``downloads``, ``scale``, ``start``: its ``measure``
gives Markdown), a *contestant* that scenarios start as a process (``bare``, ``abl``, ``fetching``), or what they share.
Every contestant is a process of its own and is measured whole, its start included, unless a column says otherwise; the
service is a process of its own too. Contestants take turns within each repetition, so that a ratio compares neighbours
in time. The harness stays small: what a child is charged as peak memory begins with its parent's.
"""
