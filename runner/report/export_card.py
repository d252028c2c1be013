"""The dataset card of an export: what it loads, where it comes from, and what its user has to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.core.records import Trouble
from runner.report.card import Origin, code, config, front_matter, provenance
from runner.report.payload import Json, Standing

_SIZES = {
    1000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
}
_YOURS = """\
# Yours to say, before you publish it; nothing is claimed for you:
# license:
# license_name:
# license_link:
# language:
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds: files by split, which files of it make each split, and the hash of all its rows."""

    files: Mapping[str, int]
    patterns: Mapping[str, Sequence[str]]
    sha256: str
    features: Sequence[Json] = ()
    """The kinds of the columns, where the library would have to guess them."""

    info: Sequence[Json] = ()
    """The same for its readers that look for them in the other place."""


def export_card(standing: Standing, troubles: Sequence[Trouble], origin: Origin, exported: Exported) -> bytes:
    """The card as the README.md of an export."""
    total = sum(exported.files.values())
    size = next((name for limit, name in _SIZES.items() if total < limit), "n>10M")
    block = config(exported.patterns, exported.sha256, exported.features)
    top: Json = {"task_categories": ["text-to-video"], "size_categories": [size], "configs": [block]}
    if exported.info:
        top |= {"dataset_info": {"config_name": "default", "features": list(exported.info)}}
    rows = "\n".join(f"| {split} | {files} |" for split, files in exported.files.items())
    body = [
        f"# {code(standing.batch.name)}: videos with their prompts",
        f"| split | videos |\n| --- | --- |\n{rows}",
        *(
            ["These videos are stand-ins that the sandbox made, not the service."]
            if origin.is_sandbox
            else []
        ),
        "## Licence\n\nNot stated yet: fill in the fields on top of this file.",
        *provenance(standing, troubles, origin),
    ]
    return f"---\n{_YOURS}{front_matter(top)}---\n\n".encode() + "\n\n".join(body).encode() + b"\n"
