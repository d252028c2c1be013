"""The page that shows a batch: ``index.html`` in its tree, and the same page live in the review.

``page`` (document) puts it together from the files beside it: ``page.html``, ``*.css`` and ``*.js``, which ``sources``
reads. It fetches nothing from elsewhere, and its texts come as JSON that the script shows as text.
"""

from runner.report.gallery.document import GENERATOR, Head, page

__all__ = ["GENERATOR", "Head", "page"]
