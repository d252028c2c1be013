"""Bugs in manifests, names and what is shown."""

from tests.seeded.edits import Bug, bug

LAYOUT = "runner/core/layout.py"
SAFE_TEXT = "runner/core/safe_text.py"

TEXT_BUGS: tuple[Bug, ...] = (
    bug(
        "two-jobs-may-have-one-path",
        "tests/core/test_expansion_problems.py::test_two_jobs_with_one_path_name_the_field_that_is_missing",
        ("runner/core/expansion.py", "paths.add(collision_key(job.path))", "paths.add(job.job_id)"),
    ),
    bug(
        "names-that-differ-in-case-only-are-two-files",
        "tests/core/test_layout.py::test_paths_that_are_one_file_on_some_system_share_a_key",
        (
            LAYOUT,
            "        return path.lower()\n    return unicodedata",
            "        return path\n    return unicodedata",
        ),
    ),
    bug(
        "a-name-is-cut-within-a-character",
        "tests/core/test_layout.py::test_a_deep_layout_keeps_within_the_length_of_a_path",
        (LAYOUT, '.decode("utf-8", "ignore")', '.decode("utf-8", "replace")'),
    ),
    bug(
        "renaming-an-id-makes-a-new-job",
        "tests/core/test_expansion.py::test_a_job_has_everything_that_its_prompt_gives_it",
        (
            "runner/core/variation.py",
            "frame.manifest.provider.name, self.text,",
            "frame.manifest.provider.name, outline.prompt_id + self.text,",
        ),
    ),
    bug(
        "a-key-that-stands-twice-in-a-manifest-wins",
        "tests/manifest/test_manifest_broken.py::test_a_broken_manifest_names_the_place_the_value_and_the_way_out",
        (
            "runner/manifest/yaml12.py",
            "            if key.text in first_lines:\n",
            "            if key.text in first_lines and False:\n",
        ),
    ),
    bug(
        "an-escape-sequence-reaches-the-terminal",
        "tests/core/test_safe_text.py::test_what_acts_on_a_terminal_becomes_visible",
        (
            SAFE_TEXT,
            '_FOR_TERMINAL = re.compile(f"[\\t\\n\\r{_HIDDEN}]")',
            '_FOR_TERMINAL = re.compile("[\\t\\n\\r]")',
        ),
    ),
    bug(
        "a-formula-reaches-a-spreadsheet",
        "tests/core/test_safe_text.py::test_a_cell_is_never_a_formula",
        (SAFE_TEXT, '    return "\'" + shown if _FORMULA.match(text) else shown\n', "    return shown\n"),
    ),
)
