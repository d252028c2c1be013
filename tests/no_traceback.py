"""What nobody who uses the program may ever be shown."""

_SIGN = "Traceback (most recent call last)"


def refuse_traceback(*said: str) -> None:
    """Fail where a traceback reached a user: the tests look here at all that the program says, whatever they are about."""
    for text in said:
        where = text.find(_SIGN)
        if where >= 0:
            raise AssertionError(f"a traceback reached the user: {text[max(0, where - 200) : where + 2000]}")
