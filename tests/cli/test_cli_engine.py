"""``--engine`` where no engine is needed to see what comes of it."""

from runner.cli import edge


def test_ray_is_refused_with_what_there_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yaml").write_text("version: 1\nprompts: [a fox]\nbudget: {credits: 40}\n")
    code = edge.run(["run", "--sandbox", "--engine", "ray", "m.yaml"])
    assert (code, capsys.readouterr().err) == (
        2,
        (
            "error: --engine ray: transfers on Ray are not built in yet; write the address of a Dask scheduler: "
            "tcp://host:8786, or tls://host:8786 (nothing was sent)\n"
        ),
    )
