"""Which prompts are paused because moderation refused them again and again."""

import pytest

from runner.core.moderated import Moderated

CASES = {
    # the (mode, ratio) of each failure of the prompt, and whether it is paused then
    "none": ([], False),
    "once": ([("normal", "1:1")], False),
    "again in the same combination": ([("normal", "1:1")] * 9, False),
    "in another mode": ([("normal", "1:1"), ("fun", "1:1")], True),
    "in another ratio": ([("normal", "1:1"), ("normal", "2:3")], True),
    "in the same combination and then in another": ([("normal", "1:1")] * 2 + [("fun", "2:3")], True),
    "in many": ([(mode, ratio) for mode in ("fun", "normal", "spicy") for ratio in ("1:1", "2:3")], True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_prompt_is_paused_once_it_was_refused_across_modes_or_ratios(case):
    failures, expected = CASES[case]
    moderated = Moderated()
    for mode, ratio in failures:
        moderated.refused(7, mode, ratio)
    assert (moderated.is_paused(7), moderated.is_paused(8)) == (expected, False)


def test_prompts_do_not_count_for_one_another():
    moderated = Moderated()
    for prompt, mode in enumerate(("fun", "normal", "spicy")):
        moderated.refused(prompt, mode, "1:1")
    assert [moderated.is_paused(prompt) for prompt in range(3)] == [False] * 3
