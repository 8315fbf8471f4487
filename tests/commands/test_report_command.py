"""``sksegment report``."""

import re

import pytest
from PIL import Image


def titles(path):
    return re.findall(r"<h2>(.*?)</h2>\n", path.read_text(encoding="utf-8"))


def test_report_shows_pages_spread_over_the_file(run, model, scan, tmp_path):
    out = tmp_path / "new" / "report.html"
    code, said, err = run("report", model, scan, "-o", out, "--images", 3)
    assert (code, err) == (0, "")
    assert said.startswith("3 image(s) in ")
    assert str(out) in said
    expected = [f"scan.tif, page {page}" for page in (1, 4, 6)]
    assert titles(out)[:3] == expected


def test_report_of_files_of_one_name(run, model, make_image, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(make_image((40, 48))).save(tmp_path / folder / "x.png")
    out = tmp_path / "report.html"
    code, said, _ = run(
        "report", model, tmp_path / "a", tmp_path / "b", "-o", out, "-q"
    )
    assert (code, said) == (0, "")
    assert titles(out)[:2] == [str(tmp_path / f / "x.png") for f in "ab"]


def test_report_joins_classes(run, model, scan, tmp_path):
    out = tmp_path / "report.html"
    assert run("report", model, scan, "-o", out, "--classes", 2, "--images", 1)[0] == 0
    assert "1 image, 2\n  classes." in out.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_costs_only_itself(run, model, scan, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    out = tmp_path / "report.html"
    code, _, err = run("report", model, scan, tmp_path / "bad.png", "-o", out)
    assert code == 2
    assert "bad.png" in err
    assert len(err.splitlines()) == 1
    assert out.is_file()


@pytest.mark.parametrize("name", ["report", "report.pdf", "."])
def test_a_place_that_is_no_html_file_is_refused(fails, model, scan, tmp_path, name):
    line = fails("report", model, scan, "-o", tmp_path / name)
    assert "report.html" in line


def test_the_image_is_not_replaced_by_its_report(fails, run, model, photo, tmp_path):
    out = tmp_path / "report.html"
    out.symlink_to(photo)
    before = photo.read_bytes()
    line = fails("report", model, photo, "-o", out, "--overwrite")
    assert f"would replace the input {out}" in line
    assert photo.read_bytes() == before


def test_images_of_another_kind_are_named(fails, model, make_image, tmp_path):
    Image.fromarray(make_image((40, 48), 3)).save(tmp_path / "colour.png")
    out = tmp_path / "report.html"
    line = fails("report", model, tmp_path / "colour.png", "-o", out)
    assert "colour.png" in line
    assert not out.exists()


def test_report_that_exists_is_replaced_only_when_told(
    run, fails, model, scan, tmp_path
):
    out = tmp_path / "report.html"
    out.write_text("kept")
    args = ("report", model, scan, "-o", out, "--images", 1)
    assert f"{out} exists; choose another place with -o" in fails(*args)
    assert out.read_text() == "kept"
    assert run(*args, "--overwrite")[0] == 0
    assert titles(out)
