from __future__ import annotations

from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "link_topology.py"
TINY = ("--epochs", "1", "--hidden", "8")


@pytest.mark.parametrize(("model", "name", "form"), [("gae", "page.html", "code"),
                                                     ("ncn", "sheet.png", "paper")])
def test_a_page_and_a_picture(script, capsys, tmp_path, model, name, form) -> None:
    if name.endswith("png"):
        pytest.importorskip("matplotlib")
    script("--model", model, "--runs", "1", "--form", form, "-o", str(tmp_path / name), *TINY)
    out = capsys.readouterr().out
    for text in ("TC of test links", "degree", "density", "TC: train", "re-weighted", "wrote"):
        assert text in out
    content = (tmp_path / name).read_bytes()
    if name.endswith("html"):
        assert b"<svg" in content and b"Correlations." in content and b"re-weighted" in content
    else:
        assert content[:4] == b"\x89PNG"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("arguments", "message"), [
    (("-o", "a.pdf"), "ends in .html or .png"), (("-o", "no/such/a.html"), "there is no folder"),
    (("--epochs", "0"), "at least 1"),
])
def test_arguments_are_checked_first(script, capsys, arguments, message) -> None:
    with pytest.raises(SystemExit) as error:
        script(*arguments)
    assert error.value.code == 2 and message in capsys.readouterr().err


def test_without_re_weighting(script, capsys) -> None:
    script("--runs", "0", *TINY)
    assert "re-weighted" not in capsys.readouterr().out
