"""Where an export may be made."""

from pathlib import Path

from runner.core.bucket_url import BucketUrlError, bucket_url, is_url
from runner.core.errors import UsageError
from runner.core.records import Batch


def refuse_place(destination: str, batch: Batch, *, links: bool) -> None:
    """Raise ``UsageError`` for a place in the tree of the batch, for a URL that is none, and for links that cannot be."""
    far = [one for one in (destination, batch.output_dir) if is_url(one)]
    if is_url(destination):
        _refuse_url(destination, batch)
    if links and far:
        raise UsageError(f"--link: {far[0]} is no directory of this machine; leave it out")
    if not far:
        _refuse_inside(Path(destination).resolve(), Path(batch.output_dir).resolve(), batch)


def _refuse_url(destination: str, batch: Batch) -> None:
    try:
        url = bucket_url(destination)
    except BucketUrlError as error:  # the text may hold a secret
        raise UsageError(f"-o: {error.message}: {error.hint}") from error
    there, tree = f"{url}/", f"{batch.output_dir}/"
    if there.startswith(tree) or tree.startswith(there):
        raise UsageError(
            f"{url}: it and the tree of {batch.name} are one in the other; name a prefix beside it"
        )


def _refuse_inside(path: Path, tree: Path, batch: Batch) -> None:
    if path == tree or tree in path.parents:
        raise UsageError(f"{path}: it is in the output directory of {batch.name}; name a directory outside")
