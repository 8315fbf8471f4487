import json

import pytest

from sksegment.benchmarking import Run, RunsFile, read_runs


def write(file, *rows):
    with file.writing():
        for row in rows:
            file.append(row)


def test_rows_come_back(tmp_path, make_row):
    file = RunsFile(tmp_path / "new" / "a.jsonl")
    rows = [make_row(image="1"), make_row(image="2")]
    write(file, *rows)
    assert RunsFile(file.path).rows == rows
    assert RunsFile(file.path).done == {Run.of(row).key for row in rows}


@pytest.mark.parametrize("n_lost", [1, 20, 200])
def test_line_that_was_not_finished_is_dropped_and_replaced(tmp_path, make_row, n_lost):
    path = tmp_path / "a.jsonl"
    rows = [make_row(image=str(i)) for i in range(3)]
    write(RunsFile(path), *rows[:2])
    data = path.read_bytes()
    path.write_bytes(data[:-n_lost])
    file = RunsFile(path)
    assert file.rows == rows[:1]
    write(file, rows[2])
    assert RunsFile(path).rows == [rows[0], rows[2]]
    assert path.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"model": "Kmeans-Pixel"}', "7"])
def test_finished_line_that_is_no_result_is_named_and_kept(tmp_path, make_row, line):
    path = tmp_path / "a.jsonl"
    text = json.dumps(make_row()) + "\n" + line + "\n"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"a\.jsonl, line 2"):
        RunsFile(path)
    assert path.read_text() == text


def test_results_of_a_folder_are_those_of_its_files(tmp_path, make_row):
    write(RunsFile(tmp_path / "a.jsonl"), make_row(image="1"))
    write(RunsFile(tmp_path / "b.jsonl"), make_row(image="2"))
    (tmp_path / "notes.txt").write_text("x")
    assert [row["image"] for row in read_runs(tmp_path)] == ["1", "2"]
    assert [row["image"] for row in read_runs(tmp_path / "b.jsonl")] == ["2"]


def test_folder_without_results_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_runs(tmp_path)


def test_two_programs_cannot_write_to_one_file(tmp_path, make_row):
    path = tmp_path / "a.jsonl"
    first, second = RunsFile(path), RunsFile(path)
    with first.writing():
        first.append(make_row(image="1"))
        with pytest.raises(BlockingIOError, match="another program is writing"):
            write(second, make_row(image="2"))
        first.append(make_row(image="3"))
    write(second, make_row(image="2"))
    assert [row["image"] for row in second.rows] == ["1", "3", "2"]
    assert RunsFile(path).rows == second.rows


def test_file_that_was_only_opened_has_no_results(tmp_path):
    write(RunsFile(tmp_path / "a.jsonl"))
    with pytest.raises(FileNotFoundError, match="no results"):
        read_runs(tmp_path)
