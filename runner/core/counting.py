"""Numbers as they are read: the noun behind one is another than behind two."""


def noun(number: int, one: str, many: str | None = None) -> str:
    """``one`` for 1, else ``many``, which is ``one`` with an ``s`` unless it is given."""
    return one if number == 1 else many or f"{one}s"
