"""``python -m tests.docs``: make the generated pages anew."""

from tests.docs.generated import PAGES, text_of

for path in PAGES:
    path.write_text(text_of(path), encoding="utf-8")
