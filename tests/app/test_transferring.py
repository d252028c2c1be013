"""What is left of workers whose coordinator was killed."""


def test_what_nobody_took_over_goes_with_the_next_run_also_where_that_has_no_engine(bench):
    partials = bench.tree / ".partial"
    partials.mkdir(parents=True)
    left = partials / "job-1-1.at-0123456789abcdef"
    kept = partials / "job-1-1"
    for file in (left, kept):
        file.write_bytes(b"the beginning of a video")
    done = bench.run("run", "demo.yaml", "--yes")
    assert (done.code, left.exists(), kept.exists()) == (0, False, True)
