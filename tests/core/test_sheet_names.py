"""The names of contact sheets."""

from hypothesis import given
from hypothesis import strategies as st

from runner.core.layout import collision_key
from runner.core.sheet_names import SheetNames


def names(*ids: str) -> list[str]:
    found = SheetNames(ids)
    return [found.of(each) for each in ids]


def test_a_sheet_has_the_name_of_its_prompt():
    assert names("animals", "scene-02", "a/b", "..") == ["animals", "scene-02", "a_b", "__"]


def test_a_name_that_a_further_page_of_another_has_gets_a_hash():
    assert names("scene", "scene-2", "Scene-3") == ["scene", "scene-2-x0fb58612", "Scene-3-xdd720f58"]


def test_names_that_are_one_file_on_some_systems_get_hashes():
    assert names("Fox", "fox", "owl") == ["Fox-xf55bd2cd", "fox-x776cb326", "owl"]


IDS = st.lists(st.text(st.sampled_from("aB-2/.é"), min_size=1, max_size=5), unique=True, max_size=8)


@given(IDS, st.integers(2, 30))
def test_no_sheet_has_the_name_of_another_or_of_its_further_pages(ids, most):
    pages = [
        collision_key(name if number == 1 else f"{name}-{number}")
        for name in names(*ids)
        for number in range(1, most)
    ]
    assert len(set(pages)) == len(pages)
