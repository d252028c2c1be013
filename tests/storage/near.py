"""The batch of a bucket with its tree on a disk: what a command does there is what it should do with the bucket."""

import contextlib
import sqlite3

from tests.storage.test_bucket_run import TREE, tree_of


def below(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


@contextlib.contextmanager
def on_a_disk(store, scene):
    """The same batch, for as long as this lasts, with its tree copied to a directory."""
    copy = scene.root / "copy"
    for path, content in tree_of(store).items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(content)
    place(scene, str(copy))
    yield copy
    place(scene, TREE)


def place(scene, output_dir):
    with contextlib.closing(sqlite3.connect(scene.state)) as state, state:
        state.execute("update batch set output_dir = ?", (output_dir,))
