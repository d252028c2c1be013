"""``python -m tests.gallery [AREA...]``: make the snapshots anew."""

import sys

from tests.gallery.snapshots import AREAS, keep, played

for area in sys.argv[1:] or AREAS:
    keep(area, {name: played(area, name)[0] for name in AREAS[area]})
