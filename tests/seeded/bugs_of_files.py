"""Bugs on the way of a file from a server to its final name."""

from tests.seeded.edits import Bug, bug

DISK = "runner/files/disk.py"
PLACE = "runner/files/place.py"
PARTIAL = "runner/files/partial.py"
DOWNLOAD = "runner/files/download.py"
REPLIES = "runner/files/replies.py"

FILE_BUGS: tuple[Bug, ...] = (
    # -- durability --------------------------------------------------------------------------------------------------
    bug(
        "a-received-file-is-not-synced",
        "tests/files/test_disk_faults.py::test_the_file_is_synced_after_the_last_write_and_before_its_outcome",
        (PARTIAL, "                disk.sync(handle)\n", ""),
    ),
    bug(
        "a-placed-name-is-not-synced",
        "tests/files/test_place.py::test_the_order_is_link_sync_of_all_directories_on_the_way_unlink",
        (PLACE, "        root.disk.sync(target.directory)\n    return Placed()", "    return Placed()"),
    ),
    # -- whole or absent ---------------------------------------------------------------------------------------------
    bug(
        "a-file-is-named-without-being-checked",
        "tests/files/test_place.py::test_a_partial_file_that_is_not_what_was_recorded_is_fetched_again",
        (PLACE, "        if root.holds(partial, content):\n", "        if content:\n"),
    ),
    bug(
        "any-bytes-are-taken-for-a-video",
        "tests/files/test_download.py::test_what_is_no_whole_video_is_tried_again",
        (
            PARTIAL,
            "            length_proven=length_proven,\n        ):\n",
            '            length_proven=length_proven,\n        ) and Video(".mp4"):\n',
        ),
    ),
    bug(
        "a-body-that-is-too-short-is-taken-for-whole",
        "tests/files/test_resume.py::test_a_rest_without_a_length_that_ends_too_early_is_not_the_whole_file",
        (DOWNLOAD, "partial.offset != partial.total_bytes:", "partial.offset > partial.total_bytes:"),
    ),
    bug(
        "a-part-from-another-place-is-appended",
        "tests/files/test_resume.py::test_an_answer_that_is_not_the_rest_starts_over_at_once",
        (REPLIES, "    is_rest = start == offset and total", "    is_rest = total"),
    ),
    bug(
        "a-weak-etag-is-trusted-for-a-rest",
        "tests/files/test_resume.py::test_w12_without_a_validator_to_trust_it_starts_over",
        (REPLIES, "r'\"[\\x21", "r'(?:W/)?\"[\\x21"),
        (REPLIES, "source.validator.startswith('\"')", 'source.validator.startswith((\'"\', "W/"))'),
    ),
    bug(
        "a-compressed-body-is-taken-in",
        "tests/files/test_download.py::test_what_is_no_whole_video_is_tried_again",
        (
            DOWNLOAD,
            "    if is_encoded(response.headers):\n",
            "    if is_encoded(response.headers) and False:\n",
        ),
    ),
    # -- nothing of others -------------------------------------------------------------------------------------------
    bug(
        "a-name-that-is-taken-is-overwritten",
        "tests/files/test_place.py::test_w29_another_file_is_neither_overwritten_nor_deleted",
        (DISK, "        os.link(\n", "        os.replace(\n"),
        (
            DISK,
            "            follow_symlinks=False,\n        )\n\n    def rename_new",
            "        )\n\n    def rename_new",
        ),
    ),
    bug(
        "a-foreign-file-is-taken-for-ours",
        "tests/files/test_place.py::test_w29_another_file_is_neither_overwritten_nor_deleted",
        (
            PLACE,
            '    if root.digest(target) != content:\n        return Conflict(f"{path} is taken by another file")\n',
            "",
        ),
    ),
    bug(
        "a-planted-link-is-followed",
        "tests/files/test_place.py::test_s15_a_symlinked_directory_is_never_entered",
        (
            DISK,
            "os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd",
            "os.O_RDONLY | os.O_DIRECTORY, dir_fd",
        ),
    ),
    # -- where it may come from --------------------------------------------------------------------------------------
    bug(
        "a-private-address-is-connected-to",
        "tests/files/test_addresses.py::test_the_socket_alone_stops_every_spelling_too",
        (
            "runner/files/addresses.py",
            "        if family not in {socket.AF_INET, socket.AF_INET6} or not policy.allows(str(address[0])):\n",
            "        if family not in {socket.AF_INET, socket.AF_INET6}:\n",
        ),
    ),
    bug(
        "a-redirect-is-not-held-against-the-policy",
        "tests/files/test_download.py::test_a_redirect_outside_the_policy_is_refused",
        (DOWNLOAD, "checked_url(location, what.request.policy, came_from=url)", "url.join(URL(location))"),
    ),
    bug(
        "https-falls-to-http",
        "tests/files/test_session.py::test_https_never_falls_to_http",
        (
            "runner/files/urls.py",
            '        not policy.allow_http or (came_from is not None and came_from.scheme == "https")\n',
            "        not policy.allow_http\n",
        ),
    ),
    bug(
        "downloads-read-the-passwords-of-the-environment",
        "tests/files/test_session.py::test_s12_nothing_of_the_environment_is_read",
        ("runner/files/session.py", "trust_env=False,", "trust_env=True,"),
    ),
)
