"""S19, S22 to S25: what is small on the wire or in a file never becomes large in memory, long in time, or a traceback."""

import functools
import gzip
import json
import zlib
from collections.abc import AsyncIterator

import pytest

from .support import Program, Service, answer, envelope, manifest

MIB = 1024 * 1024
ROOM = 20 * MIB
"""How much more than a plain run any bomb may take."""

BRIEF = {"connect": "2s", "submit": "2s", "status": "2s"}


@functools.cache
def bomb_of(mebibytes: int, wbits: int = 31) -> bytes:
    """Zeros, packed a thousand to one, in gzip, or in another form by zlib's ``wbits``."""
    packer = zlib.compressobj(wbits=wbits)
    block = bytes(MIB)
    return b"".join([packer.compress(block) for _ in range(mebibytes)]) + packer.flush()


async def endless(head: bytes, piece: bytes) -> AsyncIterator[bytes]:
    yield head
    while True:
        yield piece


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DEEP = json.dumps({"code": 200, "message": "success"}).encode()[:-1] + b', "data": '
JUNK = b"%x\r\n%s\r\n" % (65536, b" " * 65536)

BOMBS = {
    "500 MB in gzip": lambda: answer(200, bomb_of(500), {"Content-Encoding": "gzip"}),
    "500 MB in gzip that nobody announced": lambda: answer(200, bomb_of(500)),
    "gzip in gzip": lambda: answer(200, gzip.compress(bomb_of(500)), {"Content-Encoding": "gzip, gzip"}),
    "500 MB in deflate": lambda: answer(200, bomb_of(500, 15), {"Content-Encoding": "deflate"}),
    "a body without end": lambda: endless(OK + b"Connection: close\r\n\r\n", b" " * 65536),
    "chunks without end": lambda: endless(CHUNKED, JUNK),
    "a chunk of 2**60 bytes": lambda: endless(CHUNKED + b"fffffffffffffff\r\n", b" " * 65536),
    "ten terabytes announced": lambda: endless(OK + b"Content-Length: 10000000000000\r\n\r\n", b" " * 65536),
    "a header without end": lambda: endless(OK + b"X: ", b"x" * 65536),
    "headers without end": lambda: endless(OK, b"X-More: 1\r\n" * 1000),
    "a status line without end": lambda: endless(b"HTTP/1.1 200 ", b"O" * 65536),
    "hints without end": lambda: endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100),
    "a trailer without end": lambda: endless(CHUNKED + b"0\r\n", b"X-More: 1\r\n" * 1000),
    "a chunk's extension without end": lambda: endless(CHUNKED + b"1;", b"x" * 65536),
    "nested a hundred thousand deep": lambda: answer(200, DEEP + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a number of a million digits": lambda: answer(
        200, DEEP + b'{"consumed_credits": ' + b"9" * 10**6 + b"}}"
    ),
    "a million keys": lambda: answer(200, DEEP + b'{"a":' * 19 + b"1" + b"}" * 19 + b"," * 10**6),
    "a million URLs": lambda: envelope(
        200, {"status": "completed", "task_id": None, "response": json.dumps(["http://a/"] * 80_000)}
    ),
}


@pytest.fixture
def program(program) -> Program:
    """In a new interpreter, whose memory is its own."""
    program.is_fresh = True
    return program


@pytest.fixture(scope="module")
def plain_rss(tmp_path_factory) -> int:
    """What a run takes in which nothing is wrong."""
    plain = Program(tmp_path_factory.mktemp("plain"), is_fresh=True)
    with Service() as service:
        plain.write(manifest(service.url, ["a plain fox"]))
        done = plain.run("run", "m.yaml")
    assert done.code == 0
    return done.rss_bytes


long = functools.partial(pytest.param, marks=pytest.mark.faults)
PACKED = [
    "500 MB in gzip that nobody announced",
    *(long("500 MB in gzip"), long("500 MB in deflate"), long("gzip in gzip")),
]


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_bomb_takes_no_memory_and_the_job_is_done_all_the_same(name, program, service, plain_rss):
    bomb = BOMBS[name]()
    service.on_status = lambda asked: bomb if _is_first(service, asked) else service.complete(asked)
    program.write(manifest(service.url, ["a bombed fox"], name="bombed"))
    done = program.run("run", "m.yaml")
    assert (done.code, done.rss_bytes < plain_rss + ROOM, done.cpu_s < 10.0) == (0, True, True), done


QUICK = ("chunks without end", "headers without end", "nested a hundred thousand deep", "a million keys")


@pytest.mark.parametrize("names", [QUICK, long(tuple(BOMBS))], ids=["some", "all"])
def test_every_bomb_at_once_costs_a_few_megabytes_each_and_no_job(names, program, service, plain_rss):
    """The first status answer of each job is one of them; the second is right."""
    kinds = [BOMBS[name] for name in names]

    def on_status(asked):
        if not _is_first(service, asked):
            return service.complete(asked)
        return kinds[int(service.prompts[asked.task_id]["prompt"].split(" ")[-1])]()

    service.on_status = on_status
    prompts = [f"a fox, number {number}" for number in range(len(kinds))]
    limits = {"requests_per_minute": 100000, "in_flight": 50, "canary": False}
    settings = {"base_url": service.url, "timeouts": BRIEF}
    program.write(manifest(service.url, prompts, name="bombed", limits=limits, provider=settings))
    done = program.run("run", "m.yaml")
    assert (done.code, "Traceback" in done.said, len(service.posts)) == (0, False, len(kinds))
    assert done.rss_bytes < plain_rss + len(kinds) * 4 * MIB, done


def test_a_submission_that_is_answered_with_a_bomb_is_unknown_and_not_repeated(program, service, plain_rss):
    kinds = [BOMBS[name] for name in ("500 MB in gzip", "a body without end", "headers without end")]
    service.on_post = lambda asked: kinds[int(asked.sent["prompt"].split(" ")[-1])]()
    settings = {"base_url": service.url, "timeouts": BRIEF}
    program.write(manifest(service.url, [f"a fox {n}" for n in range(3)], name="bombed", provider=settings))
    done = program.run("run", "m.yaml")
    assert (done.code, len(service.posts), "120 unknown" in done.out) == (5, 3, True)
    assert done.rss_bytes < plain_rss + ROOM


FILES = {
    "500 MB in gzip": lambda: answer(200, bomb_of(500), {"Content-Encoding": "gzip"}),
    "ten terabytes announced": lambda: endless(
        b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000000\r\n\r\n", bytes(65536)
    ),
    "a header without end": lambda: endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    "a page": lambda: answer(200, b"<html>" + b"x" * MIB),
}


def test_no_file_bomb_fills_the_memory_or_the_disk(program, service, plain_rss):
    """Each file is first a bomb, then what it should be."""
    kinds = list(FILES.values())

    def on_file(asked):
        number = int(service.prompts[asked.target[7:].removesuffix(".mp4")]["prompt"].split(" ")[-1])
        return kinds[number]() if _is_first(service, asked) else service.deliver(asked)

    service.on_file = on_file
    program.write(manifest(service.url, [f"a fox, number {n}" for n in range(len(kinds))], name="bombed"))
    done = program.run("run", "m.yaml")
    left = sum(path.stat().st_size for path in program.folder.rglob("*") if path.is_file())
    assert (done.code, left < 2 * MIB, done.rss_bytes < plain_rss + ROOM) == (0, True, True), done


def _is_first(service, asked) -> bool:
    return sum(each.target == asked.target for each in service.requests) == 1


HEAD = "version: 1\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
)
VALUES = [f"v{number}" for number in range(100)]
NAMES = [f"n{number}" for number in range(10)]
MANIFESTS = {
    "laughs": LAUGHS,
    "brackets": "[" * 10_000,
    "braces": "{a: " * 10_000,
    "large": "a" * (3 * MIB),
    "digits": HEAD + "takes: " + "9" * 5000,
    "a hundred billion jobs": json.dumps(
        {
            "version": 1,
            "prompts": ["".join(f"{{{n}}}" for n in NAMES)],
            "variables": dict.fromkeys(NAMES, VALUES),
        }
    ),
    "a text of gigabytes": json.dumps(
        {"version": 1, "prompts": ["{a}" * 5000], "variables": {"a": ["x" * 400_000]}}
    ),
    "thousands of misspelt names": json.dumps(
        {
            "version": 1,
            "prompts": [f"a {{m{n}}}" for n in range(600)],
            "variables": {f"n{n}": ["x"] for n in range(3000)},
        }
    ),
    "a layout of braces": json.dumps(
        {"version": 1, "prompts": ["a"], "output": {"layout": "{mode}" * 20_000}}
    ),
    "a layout of folders": json.dumps({"version": 1, "prompts": ["a"], "output": {"layout": "a/" * 20_000}}),
    "the same prompt": json.dumps({"version": 1, "prompts": ["a"] * 5000}),
    "too many takes": json.dumps({"version": 1, "prompts": [f"a {n}" for n in range(11_000)], "takes": 1000}),
    "a tag": HEAD + "prompts: [!!python/object/apply:os.system ['touch owned']]\n",
    "a local tag": HEAD + "prompts: !include [/etc/passwd]\n",
}
PROMPT_FILES = {
    "deep.jsonl": b"[" * 100_000,
    "digits.jsonl": b'{"text": "a", "takes": ' + b"9" * 100_000 + b"}\n",
    "line.jsonl": b'{"text": "' + b"a" * (3 * MIB) + b'"}\n',
    "nested.jsonl": b'{"text": "a", "meta": ' + b'{"a":' * 900 + b"1" + b"}" * 901 + b"\n",
    "line.csv": b"text\n" + b"a" * (3 * MIB) + b"\n",
    "columns.csv": b"text," + b",".join(b"c%d" % n for n in range(50_000)) + b"\na\n",
    "quote.csv": b'text\n"' + b"a\n" * MIB,
    "line.txt": b"a" * (3 * MIB),
    "laughs.yaml": b"- " + LAUGHS.replace("\n", "\n  ").encode(),
    "deep.yaml": b"- " * 10_000,
    "packed.csv": gzip.compress(b"text\n" + b"a\n" * MIB),
    "zeros.txt": bytes(3 * MIB),
}


def test_no_manifest_and_no_prompt_file_is_a_bomb(program):
    """All of them in one process: none takes a second, and together they take less than 100 MB."""
    program.write(json.dumps({"version": 1, "prompts": ["a"]}), "plain.yaml")
    plain = program.run("validate", "plain.yaml")
    names = [f"m{number}.yaml" for number in range(len(MANIFESTS))]
    for name, text in zip(names, MANIFESTS.values(), strict=True):
        program.write(text, name)
    for name, content in PROMPT_FILES.items():
        (program.folder / name).write_bytes(content)
        program.write(json.dumps({"version": 1, "prompts": [{"file": name}]}), f"file-{name}.yaml")
    names += [f"file-{name}.yaml" for name in PROMPT_FILES]
    done = program.run("validate", *names)
    refused = [
        name for name in names if f"{name}:" in done.err or f"{name.removeprefix('file-')[:-5]}:" in done.err
    ]
    assert (plain.code, done.code, refused, "Traceback" in done.said) == (0, 2, names, False)
    assert (done.cpu_s - plain.cpu_s < len(names), (program.folder / "owned").exists()) == (True, False), (
        done.cpu_s
    )
    assert done.rss_bytes - plain.rss_bytes < 100 * MIB


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin", "/proc/self/fd/0"])
def test_a_prompt_file_that_never_ends_is_no_file(device, program):
    program.is_fresh = False
    for suffix in (".txt", ".csv", ".jsonl", ".yaml"):
        (program.folder / f"endless{suffix}").symlink_to(device)
    files = [{"file": f"endless{suffix}"} for suffix in (".txt", ".csv", ".jsonl", ".yaml")]
    program.write(json.dumps({"version": 1, "prompts": files}))
    done = program.run("validate", "m.yaml", timeout_s=10.0)
    assert (done.code, done.err.count("not a regular file")) == (2, 4)
