"""Pages into a folder."""

import pytest
from PIL import Image, PdfParser

from runner.core.errors import UsageError
from runner.media.pages import Folder


def page(shade: int = 0, width: int = 40) -> Image.Image:
    return Image.new("RGB", (width, 30), (shade, 0, 0))


def names(folder) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_each_page_is_a_picture_and_the_first_has_the_plain_name(tmp_path):
    written = Folder(tmp_path / "new" / "sheets").put_png("fox", [page(1), page(2), page(3)])
    found = {one.name: Image.open(one).getpixel((0, 0))[0] for one in written}
    assert (found, names(tmp_path / "new" / "sheets")) == (
        {"fox.png": 1, "fox-2.png": 2, "fox-3.png": 3},
        ["fox-2.png", "fox-3.png", "fox.png"],
    )


def test_pages_that_there_are_no_more_go_away_and_others_stay(tmp_path):
    folder = Folder(tmp_path)
    folder.put_png("fox", [page()] * 4)
    (tmp_path / "fox-4.png").write_bytes(b"somebody's")
    folder.put_png("owl", [page()] * 2)
    folder.put_png("fox", [page(9)])
    assert names(tmp_path) == ["fox-4.png", "fox.png", "owl-2.png", "owl.png"]


@pytest.mark.parametrize("name", ["fox.png", "fox.pdf"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_this_program_did_not_write_is_never_replaced(tmp_path, name, kind):
    own = tmp_path / "own"
    folder = Folder(own)
    other = own / name
    if kind == "file":
        page().save(other)
    elif kind == "folder":
        other.mkdir()
    else:
        folder.put_png("target", [page()])
        other.symlink_to(own / "target.png")
    before = names(own)
    put = folder.put_png if name.endswith("png") else folder.put_pdf
    with pytest.raises(UsageError, match=r"was not written by this program .* name another folder with -o"):
        put("fox", [page(7)])
    assert (names(own), other.is_symlink()) == (before, kind == "link")


def test_a_sheet_replaces_an_earlier_one(tmp_path):
    folder = Folder(tmp_path)
    for shade in (1, 2):
        folder.put_png("fox", [page(shade)])
        folder.put_pdf("fox", [page(shade)] * shade)
    assert (Image.open(tmp_path / "fox.png").getpixel((0, 0)), pages_of(tmp_path / "fox.pdf")) == (
        (2, 0, 0),
        2,
    )


def pages_of(pdf) -> int:
    """How many pages a reader finds, each of them an image."""
    with PdfParser.PdfParser(str(pdf)) as parsed:
        return len(parsed.pages)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_pdf_has_all_pages(tmp_path, count):
    written = Folder(tmp_path).put_pdf("fox", (page(number) for number in range(count)))
    assert (written, pages_of(written[0])) == ([tmp_path / "fox.pdf"], count)


def test_without_pages_nothing_is_written(tmp_path):
    folder = Folder(tmp_path)
    assert (folder.put_pdf("fox", []), folder.put_png("fox", []), names(tmp_path)) == ([], [], [])


def test_a_folder_that_takes_nothing_any_more_is_named(tmp_path):
    folder = Folder(tmp_path / "shut")
    (tmp_path / "shut").rmdir()
    with pytest.raises(UsageError, match=r"shut/fox\.png cannot be written: No such file or directory"):
        folder.put_png("fox", [page()])


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "sheets").write_text("")
    with pytest.raises(UsageError, match=r"sheets: no folder for sheets: File exists; name another with -o"):
        Folder(tmp_path / "sheets")


def test_a_page_that_cannot_be_saved_leaves_nothing_behind(tmp_path):
    folder = Folder(tmp_path)
    folder.put_png("fox", [page(1)])
    with pytest.raises(UsageError, match=r"fox\.png cannot be written"):
        folder.put_png("fox", [Image.new("F", (4, 4))])
    assert (names(tmp_path), Image.open(tmp_path / "fox.png").getpixel((0, 0))) == (["fox.png"], (1, 0, 0))
