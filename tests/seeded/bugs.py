"""The list of deliberate bugs."""

from tests.seeded.bugs_of_engine import ENGINE_BUGS
from tests.seeded.bugs_of_files import FILE_BUGS
from tests.seeded.bugs_of_provider import PROVIDER_BUGS
from tests.seeded.bugs_of_retakes import RETAKE_BUGS
from tests.seeded.bugs_of_store import STORE_BUGS
from tests.seeded.bugs_of_texts import TEXT_BUGS
from tests.seeded.edits import Bug

BUGS: tuple[Bug, ...] = (*STORE_BUGS, *ENGINE_BUGS, *PROVIDER_BUGS, *FILE_BUGS, *TEXT_BUGS, *RETAKE_BUGS)
