"""The names of contact sheets: one a prompt, and none that another prompt's further pages have."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from runner.core.layout import collision_key, safe_component

_NUMBERED = re.compile(r"(.+)-[0-9]+")


class SheetNames:
    """The file names, without extension, of the sheets of a batch's prompts.

    A name depends on all prompts of the batch, so that one sheet made alone has the same name as among all.
    """

    def __init__(self, prompt_ids: Sequence[str]) -> None:
        self._taken = Counter(collision_key(safe_component(each)) for each in prompt_ids)

    def of(self, prompt_id: str) -> str:
        """Its name; with 8 hex digits of its hash where another prompt's sheet, or a further page of it, has that name."""
        name = safe_component(prompt_id)
        key = collision_key(name)
        numbered = _NUMBERED.fullmatch(key)
        if self._taken[key] < 2 and not (numbered and numbered[1] in self._taken):
            return name
        return f"{name}-x{hashlib.sha256(prompt_id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
