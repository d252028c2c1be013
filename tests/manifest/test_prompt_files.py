"""Prompt files in their four formats."""

import tracemalloc

import pytest
from manifest_texts import manifest, problems, prompts, shown

from runner.core.errors import ManifestError
from runner.core.expansion import survey


def entry(name, more=""):
    return f"version: 1\nvariables: {{animal: [fox, owl]}}\nprompts: [{{file: {name}{more}}}]\n"


def rows(folder, name, content, more=""):
    return prompts(folder, entry(name, more), **{name.replace(".", "_"): content})


def wrong(folder, name, content):
    return shown(folder, entry(name), **{name.replace(".", "_"): content})


def test_a_text_file_is_a_prompt_a_line_without_blank_lines_and_comments(tmp_path):
    read = rows(tmp_path, "a.txt", "# no\n\n a {animal} \n  # yes\r\nlast")
    assert [(row.text, row.place.line, row.place.column, row.path) for row in read] == [
        ("a {animal}", 3, 2, "prompts[0]"),
        ("# yes", 4, 3, "prompts[0]"),
        ("last", 5, 1, "prompts[0]"),
    ]


def test_a_csv_row_takes_the_defaults_of_its_entry_where_a_cell_is_empty(tmp_path):
    content = (
        "id,text,images,ratios,modes,takes,colour,size\r\n"
        'one,"a {colour}, {animal} ""x""",https://a.example/1|https://a.example/2 https://a.example/3,'
        "2:3|3:2,fun normal,4,red,\r\n"
        "\r\n"
        ',"two\r\nlines",,,,,,9\r\n'
    )
    more = ", images: ['https://a.example/0'], ratios: [1:1], takes: 2, meta: {colour: blue, sku: A}"
    first, second = rows(tmp_path, "a.csv", content, more)
    assert (first.prompt_id, first.text, first.place.line) == ("one", 'a {colour}, {animal} "x"', 2)
    assert first.images == tuple(f"https://a.example/{number}" for number in (1, 2, 3))
    assert (first.ratios, first.modes, first.takes) == (("2:3", "3:2"), ("fun", "normal"), 4)
    assert (first.meta, first.columns) == (
        {"colour": "red", "sku": "A", "size": ""},
        {"colour": "red", "size": ""},
    )
    assert (second.prompt_id, second.text, second.place.line) == (None, "two\nlines", 4)
    assert (second.images, second.ratios, second.modes, second.takes) == (
        ("https://a.example/0",),
        ("1:1",),
        None,
        2,
    )
    assert (second.meta, second.columns) == (
        {"colour": "blue", "sku": "A", "size": "9"},
        {"colour": "", "size": "9"},
    )


LONG = [
    (
        "a.jsonl",
        '{"id": "x", "text": "a \\ud83d\\ude00", "takes": 2, "meta": {"n": 1.5, "o": {"p": [1]}}}\n\n"short"\n',
    ),
    ("a.yaml", '- {id: x, text: "a \\ud83d\\ude00", takes: 2, meta: {n: 1.5, o: {p: [1]}}}\n\n- short\n'),
    (
        "a.YML",
        '# rows\n- id: x\n  text: "a \\ud83d\\ude00"\n  takes: 2\n  meta: {n: 1.5, o: {p: [1]}}\n- short\n',
    ),
]


@pytest.mark.parametrize(("name", "content"), LONG)
def test_json_lines_and_yaml_have_the_long_form_and_the_short_one(name, content, tmp_path):
    first, second = rows(tmp_path, name, content)
    assert (first.prompt_id, first.text, first.takes) == ("x", "a \U0001f600", 2)
    assert (first.meta, second.text) == ({"n": 1.5, "o": '{"p": [1]}'}, "short")


@pytest.mark.parametrize(
    ("name", "content"), [*LONG, ("a.txt", "a\nb\n"), ("a.csv", "text,c\na,b\n")], ids=lambda value: value[:7]
)
def test_a_byte_order_mark_and_crlf_change_nothing(name, content, tmp_path):
    marked = b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode()
    assert rows(tmp_path, name, marked) == rows(tmp_path, name, content)


BROKEN = [
    ("a.txt", "a\n{b\n", "a.txt:2:1: prompts[0]: a lone '{'"),
    ("a.txt", "a {b}\n", "a.txt:1:1: prompts[0]: the variable '{b}' is unknown; there are animal"),
    ("a.txt", b"a\nb\xe9\n", "a.txt:2:2: prompts[0]: this file is not UTF-8: byte 0xe9 at offset 3"),
    ("a.txt", b"\xff\xfea\0", "a.txt:1:1: prompts[0]: this file is UTF-16"),
    ("a.txt", "a\x07\n", "a.txt:1:1: prompts[0]: the control character U+0007 at character 2"),
    ("a.txt", "a" * 1_048_577, "a.txt:1:1: prompts[0]: a line longer than 1 MiB"),
    ("a.csv", "text" + ",c" * 1000 + "\n", "a.csv:1:1: the header has 1001 columns; at most 1000 are allowed"),
    ("a.csv", "", "a.csv:1:1: the file is empty, a header with 'text' is needed"),
    ("a.csv", "prompt,id\na,b\n", "a.csv:1:1: the header has no column 'text'; found 'prompt', 'id' - rename"),
    ("a.csv", "id;text\na;b\n", "found 'id;text' - separate the columns with commas, not with semicolons"),
    ("a.csv", "text,a,a\nb,c,d\n", "a.csv:1:1: column 3 is called 'a', as column 2 is"),
    ("a.csv", "text,\nb,c\n", "a.csv:1:1: column 2 has no name"),
    ("a.csv", "text,id\n\na,b,c\n", "a.csv:3:1: the row has 3 cells, the header has 2 - quote a cell"),
    ("a.csv", "text,id\na\n", "a.csv:2:1: the row has 1 cells, the header has 2"),
    ("a.csv", 'text,id\na,"b\nc\n', "a.csv:2:1: this is not CSV: unexpected end of data"),
    ("a.csv", "text,id\n,b\n", "a.csv:2:1: prompts[0].text: the text is blank"),
    ("a.csv", "text,id\na,b c\n", "a.csv:2:1: prompts[0].id: 'b c' is not a name"),
    ("a.csv", "text,takes\na,two\n", "prompts[0].takes: found the text 'two', a whole number from 1"),
    ("a.csv", "text,ratios\na,16:9\n", "prompts[0].ratios[0]: '16:9' is not one of 2:3, 3:2, 1:1"),
    ("a.csv", "text,modes\na,fun|fun\n", "prompts[0].modes[1]: 'fun' stands in this list twice"),
    ("a.csv", "text,images\na,fox.png\n", "prompts[0].images[0]: 'fox.png' is not a URL"),
    ("a.csv", "text,x\na,\x1b\n", "a.csv:2:1: x: the cell has a control character"),
    ("a.csv", 'text,x\n"a\nb",c\n{d},e\n', "a.csv:4:1: prompts[0].text: the variable '{d}' is unknown; there are"),
    ("a.jsonl", '"a"\n{"text": "b",}\n', "a.jsonl:2:"),
    ("a.jsonl", '{"text": "a", "text": "b"}\n', "a.jsonl:1:1: text: the key 'text' stands here twice"),
    ("a.jsonl", '{"text": 5}\n', "a.jsonl:1:1: prompts[0].text: found the number 5"),
    ("a.jsonl", '{"text": "a", "meta": {"b": NaN}}\n', "a.jsonl:1:1: NaN is not JSON"),
    ("a.jsonl", '{"text": "a", "meta": {"b": 1e999}}\n', "prompts[0].meta.b: the number 1e999 cannot be kept exactly"),
    ("a.jsonl", '{"text": "\\ud83d"}\n', "prompts[0].text: half of a surrogate pair (U+D83D)"),
    ("a.jsonl", '{"txt": "a", "id": "b"}\n', "a.jsonl:1:1: prompts[0].txt: unknown key 'txt'"),
    ("a.jsonl", "[" * 100_000 + "\n", "a.jsonl:1:1: nested deeper than 50 levels"),
    ("a.jsonl", "[" * 60 + "]" * 60 + "\n", "a.jsonl:1:1: nested deeper than 50 levels"),
    ("a.yaml", "text: a\n", "a.yaml:1:1: the file holds no list - begin every entry with '- '"),
    ("a.yaml", "", "a.yaml:1:1: the file is empty"),
    ("a.yaml", "[]\n", "a.yaml:1:1: prompts[0]: the file holds no prompt"),
    ("a.txt", "# nothing\n", "a.txt:1:1: prompts[0]: the file holds no prompt"),
    ("a.csv", "text\n", "a.csv:1:1: prompts[0]: the file holds no prompt"),
    ("a.yaml", "- a\n- {text: b, takes: 0}\n", "a.yaml:2:20: prompts[0].takes: found the number 0"),
    ("a.yaml", "- a\n- {text: b, text: c}\n", "a.yaml:2:13: [1].text: the key 'text' stands here again"),
    ("a.yaml", "- a\n- 'b\n", "a.yaml:2:3: this is not YAML"),
    ("a.yaml", "- a\n- b\x07\n", "a.yaml:2:4: the character U+0007 may not stand here"),
    ("a.yaml", b"- a\n- \xe9\n", "a.yaml:2:3: prompts[0]: this file is not UTF-8"),
    ("a.yaml", "- a\n---\n- b\n", "a.yaml:2:1: a second document begins here"),
    ("a.yaml", "- {file: b.txt}\n", "a.yaml:1:3: prompts[0]: found a mapping with the key 'file'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), BROKEN)
def test_a_broken_row_names_its_file_and_line(name, content, message, tmp_path):
    found = wrong(tmp_path, name, content)
    assert any(message in line for line in found), found


def test_the_rows_that_are_right_come_before_the_problems_of_the_others(tmp_path):
    read = manifest(tmp_path, entry("a.txt"), a_txt="a\n{\nb\n{\n")
    stream = read.prompts()
    assert [next(stream).text, next(stream).text] == ["a", "b"]
    with pytest.raises(ManifestError) as caught:
        next(stream)
    assert [problem.place.line for problem in caught.value.problems] == [2, 4]


@pytest.mark.parametrize(
    ("name", "line"), [("a.txt", "{\n"), ("a.jsonl", "{\n"), ("a.csv", "text,b\n"), ("a.yaml", "- 5\n")]
)
def test_after_50_problems_the_rest_of_a_file_is_not_read(name, line, tmp_path):
    header = "text\n" if name == "a.csv" else ""
    found = problems(tmp_path, entry(name), **{name.replace(".", "_"): header + line * 1000})
    assert (len(found), found[-1].message) == (51, "50 problems in this file; its rest was not read")


def test_every_stream_reads_the_files_anew(tmp_path):
    read = manifest(tmp_path, entry("a.txt"), a_txt="a\n")
    before = [row.text for row in read.prompts()]
    (tmp_path / "a.txt").write_text("b\n")
    assert (before, [row.text for row in read.prompts()]) == (["a"], ["b"])


def test_a_file_that_is_gone_when_it_is_read_is_a_problem_of_its_entry(tmp_path):
    read = manifest(tmp_path, entry("a.txt"), a_txt="a\n")
    (tmp_path / "a.txt").unlink()
    with pytest.raises(
        ManifestError, match=r"m.yaml:3:18: prompts\[0\].file: .*a.txt': there is no such file"
    ):
        list(read.prompts())


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.txt", "a cat {n}\n"),
        ("a.csv", "a cat {n},x\n"),
        ("a.jsonl", '"a cat {n}"\n'),
        ("a.yaml", "- a cat {n}\n"),
    ],
)
def test_a_large_file_is_streamed(name, line, tmp_path):
    header = "text,c\n" if name == "a.csv" else ""
    content = header + "".join(line.replace("{n}", str(number)) for number in range(3000))
    read = manifest(tmp_path, entry(name), **{name.replace(".", "_"): content})
    stream = read.prompts()
    next(stream)
    tracemalloc.start()
    count = 1 + sum(1 for _ in stream)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, peak < 400_000) == (3000, True)


def test_rows_expand_to_jobs(tmp_path):
    read = manifest(tmp_path, entry("a.csv"), a_csv="text,colour\na {colour} {animal},red\nplain,\n")
    assert (read.prompt_files, survey(read).total) == ((str(tmp_path / "a.csv"),), 3)
