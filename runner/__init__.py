"""Declarative batches of paid, asynchronous video generation.

The map of the package, from the outside in; a layer imports only what stands below it:

    __main__   python -m runner
    cli        words -> values -> app -> text -> exit code
    app        one function per use case; puts the parts together
    engine     decide -> perform -> record, for many jobs at once
    store      every write and read of the state (SQLite through SQLAlchemy Core)
    providers  a generation service: requests and outcomes; ``grokimagine`` is the one there is
    files      download, check, place and move the results
    manifest   YAML with line numbers -> values
    report     progress lines, summaries, ``metadata.jsonl``
    sandbox    the service's API on loopback, for tries and tests
    core       the decisions: no I/O, no clock, no randomness
"""

__version__ = "0.1.0"
