"""Run as a program: reads shards with the real ``webdataset`` library, sample by sample, as a training loop does.

``python shard_reader.py SHARD...`` prints a JSON object: ``samples`` (key, SHA-256 of the video, row, prompt) and
``seconds``, from the first shard opened to the last sample.
"""

import hashlib
import json
import sys
import time

import webdataset

FIELDS = ("__key__", "mp4", "json", "txt")


def main() -> None:
    found = []
    began = time.monotonic()
    for key, video, row, text in webdataset.WebDataset(sys.argv[1:], shardshuffle=False).to_tuple(*FIELDS):
        found.append((key, hashlib.sha256(video).hexdigest(), json.loads(row), text.decode()))
    sys.stdout.write(json.dumps({"samples": found, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main()
