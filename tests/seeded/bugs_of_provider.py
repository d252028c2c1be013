"""Bugs in what is sent to the service, and in what its answers are taken for."""

from tests.seeded.edits import Bug, bug

CLIENT = "runner/providers/grokimagine/client.py"
EXCHANGE = "runner/providers/grokimagine/exchange.py"
FIELDS = "runner/providers/grokimagine/fields.py"
JSON = "runner/providers/grokimagine/strict_json.py"
WIRE = "runner/providers/grokimagine/wire.py"

UNANSWERED = "            return Unanswered(departure.left, error)\n"

PROVIDER_BUGS: tuple[Bug, ...] = (
    # -- what left this machine --------------------------------------------------------------------------------------
    bug(
        "the-status-of-an-exception-is-trusted",
        "tests/providers/test_client_submit.py::test_after_the_first_byte_every_failure_is_unknown",
        (
            EXCHANGE,
            UNANSWERED,
            "            if isinstance(error, aiohttp.ClientResponseError):\n"
            '                return Answered(error.status, {}, b"", True)\n' + UNANSWERED,
        ),
    ),
    bug(
        "an-exception-is-taken-for-unsent",
        "tests/providers/test_client_submit.py::test_after_the_first_byte_every_failure_is_unknown",
        (EXCHANGE, UNANSWERED, "            return Unanswered(False, error)\n"),
    ),
    bug(
        "a-timeout-is-taken-for-unsent",
        "tests/providers/test_client_submit.py::test_after_the_first_byte_every_failure_is_unknown",
        (
            EXCHANGE,
            UNANSWERED,
            "            return Unanswered(departure.left and type(error) is not TimeoutError, error)\n",
        ),
    ),
    bug(
        "a-post-is-repeated-by-a-helper",
        "tests/providers/test_client_submit.py::test_after_the_first_byte_every_failure_is_unknown",
        (
            CLIENT,
            "        answer = await exchange(self._posts, sent)\n",
            (
                "        answer = await exchange(self._posts, sent)\n"
                "        if isinstance(answer, Unanswered):\n"
                "            answer = await exchange(self._posts, sent)\n"
            ),
        ),
    ),
    bug(
        "a-redirected-post-is-followed",
        "tests/providers/test_client_answers.py::test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else",
        (EXCHANGE, "allow_redirects=False", "allow_redirects=True"),
    ),
    bug(
        "a-post-takes-a-connection-that-lay-idle",
        "tests/providers/test_client_answers.py::test_a_post_uses_a_connection_again_only_at_once",
        (CLIENT, "POST_REUSE_S = 1.0\n", "POST_REUSE_S = 60.0\n"),
    ),
    # -- what an answer to a POST means ------------------------------------------------------------------------------
    bug(
        "a-500-is-taken-for-a-refusal",
        "tests/providers/test_wire_submit.py::test_everything_that_is_not_listed_is_unknown",
        (
            WIRE,
            "dict.fromkeys((400, 413, 415, 422), RefusalKind.REQUEST)",
            "dict.fromkeys((400, 413, 415, 422, 500), RefusalKind.REQUEST)",
        ),
    ),
    bug(
        "an-edge-503-is-taken-for-a-refusal",
        "tests/providers/test_wire_submit.py::test_without_the_envelope_it_is_unknown",
        (WIRE, "_PASSING_BARE = frozenset({429})", "_PASSING_BARE = frozenset({429, 503})"),
    ),
    bug(
        "a-task-id-in-a-refusal-is-thrown-away",
        "tests/providers/test_wire_submit.py::test_a_task_id_in_any_other_answer_is_a_candidate_and_never_refused",
        (
            WIRE,
            "    refusal = None if answer.candidate else answer.refusal(status)\n",
            "    refusal = answer.refusal(status)\n",
        ),
    ),
    bug(
        "an-answer-that-was-cut-is-believed",
        "tests/providers/test_wire_submit.py::test_a_body_that_was_cut_is_unknown_even_if_it_looks_whole",
        (
            WIRE,
            "isinstance(value, dict) and complete and whole else None",
            "isinstance(value, dict) else None",
        ),
    ),
    bug(
        "a-key-that-stands-twice-is-read-once",
        "tests/providers/test_strict_json.py::test_what_is_not_believed",
        (JSON, "    if len(members) != len(pairs):\n", "    if len(members) > len(pairs):\n"),
    ),
    # -- what a status means -----------------------------------------------------------------------------------------
    bug(
        "the-answer-about-another-task-is-booked",
        "tests/providers/test_wire_status.py::test_an_answer_about_another_task_teaches_nothing",
        (
            WIRE,
            "    if named is not None and str(named) != asked:\n",
            "    if named is not None and False:\n",
        ),
    ),
    bug(
        "a-negative-charge-is-booked",
        "tests/providers/test_wire_status.py::test_a_charge_that_cannot_be_read_is_none",
        (FIELDS, "and 0 <= value < 10**9:", "and value < 10**9:"),
    ),
    bug(
        "a-charge-that-cannot-be-read-is-nothing",
        "tests/providers/test_wire_status.py::test_a_charge_that_cannot_be_read_is_none",
        (
            FIELDS,
            "    return read.pop() if len(read) == 1 else None\n",
            "    return read.pop() if len(read) == 1 else Credits(0)\n",
        ),
    ),
    # -- the token ---------------------------------------------------------------------------------------------------
    bug(
        "a-token-that-the-server-sends-back-is-shown",
        "tests/providers/test_client_answers.py::test_a_token_that_the_server_sends_back_is_in_no_outcome",
        (
            WIRE,
            "        return fields.cut(self.hide(fields.shown(text)))\n",
            "        return fields.cut(fields.shown(text))\n",
        ),
    ),
    bug(
        "the-token-is-in-the-session-of-downloads",
        "tests/security/test_redirects.py::test_a_download_that_is_sent_on_carries_nothing_that_is_ours",
        (
            "runner/files/session.py",
            '"Accept": "*/*", ',
            '"Accept": "*/*", "X-Api-Key": __import__("os").environ.get("GROKIMAGINE_API_TOKEN", "none"), ',
        ),
    ),
)
