"""What a step's results hang on, and where they stand."""

from runner.core.processing import ProcessingStep, StepKind, stem_of

TRANSCODE = ProcessingStep(StepKind.TRANSCODE, {"height": 480, "codec": "h264"})


def test_the_key_hangs_on_the_kind_and_the_parameters_and_not_on_their_order():
    same = ProcessingStep(StepKind.TRANSCODE, {"codec": "h264", "height": 480})
    others = [
        ProcessingStep(StepKind.TRANSCODE, {"height": 482, "codec": "h264"}),
        ProcessingStep(StepKind.FRAMES, {"height": 480, "codec": "h264"}),
    ]
    assert (same.key == TRANSCODE.key, TRANSCODE.key in {one.key for one in others}) == (True, False)


def test_the_key_is_the_same_in_every_version_of_this_program():
    """Another key would have all of it made anew."""
    assert TRANSCODE.key == "b4218602854979e174d1a1aaf402368720f8b3f8ac41067c839877994ae66b51"


def test_results_stand_under_the_step_and_the_job():
    assert stem_of(TRANSCODE.label, "0123456789abcdef01234567", 2) == (
        f"derived/transcode-{TRANSCODE.key[:8]}/01/0123456789abcdef01234567-2"
    )


def test_only_a_probe_leaves_no_file():
    assert [kind.value for kind in StepKind if not ProcessingStep(kind).makes_files] == ["probe"]
