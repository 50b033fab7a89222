from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli.summary import waterfall
from beam_jobs.release.manifest import Counts
from beam_jobs.store.local import LocalStore
from tests.unit.cli.conftest import Result, Strata, cpu_seconds
from tests.unit.release.building import Written, build


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return build(LocalStore(tmp_path_factory.mktemp("cli") / "root"))


@pytest.fixture(autouse=True)
def _root(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_ROOT", written.release.store.uri)
    monkeypatch.setenv("COLUMNS", "100")


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


def test_releases(strata: Strata, own_root: LocalStore) -> None:
    plain = strata("releases", "--root", own_root.uri)
    assert [line.split()[0] for line in plain.out.splitlines()] == ["release", "demo@1.0.0", "demo@1.1.0"]
    rows = lines(strata("releases", "--json", "--root", own_root.uri))
    assert [(row["release"], row["latest"], row["kept"]) for row in rows] == [
        ("demo@1.0.0", False, 128),
        ("demo@1.1.0", True, 64),
    ]


@pytest.fixture
def own_root(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "own")
    build(store)
    build(store, "demo@1.1.0", crawls=["2026-40"])
    return store


def test_a_damaged_manifest_does_not_hide_the_other_releases(strata: Strata, own_root: LocalStore) -> None:
    own_root.delete("releases/demo/1.0.0/manifest.json")
    own_root.put_new("releases/demo/1.0.0/manifest.json", b"{")
    result = strata("releases", "--root", own_root.uri)
    assert result.code == 1
    assert "demo@1.1.0" in result.out
    assert "releases/demo/1.0.0/manifest.json" in result.err


def test_no_releases(strata: Strata, tmp_path: Path) -> None:
    result = strata("releases", "--root", str(tmp_path))
    assert (result.code, result.out) == (0, "")
    assert "no releases" in result.err


@pytest.mark.parametrize("name", ["demo@1.0.0", "demo@latest", "latest"])
def test_show_json_is_the_contract(strata: Strata, written: Written, name: str) -> None:
    result = strata("show", name, "--json")
    assert result.code == 0
    shown = json.loads(result.out)
    counts = written.release.manifest.counts
    assert shown["release"] == "demo@1.0.0"
    assert shown["records_read"] == shown["kept"] + sum(shown["set_aside"].values()) == 320
    assert shown["documents"] == 256
    assert shown["set_aside"] == counts.set_aside
    assert (shown["tokens"], shown["bytes"]) == (counts.tokens, counts.bytes)
    assert shown["data_digest"] == written.release.manifest.data_digest
    assert [stage["stage"] for stage in shown["stages"]] == ["ingest", "ingest", "clusters_exact", "select"]
    assert [(crawl["id"], crawl["kept"]) for crawl in shown["crawls"]] == [("2026-40", 64), ("2026-44", 64)]
    assert shown["files"]["data"]["rows"] == 128


def test_show_by_directory(strata: Strata, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_ROOT", "/nowhere/at/all")
    assert json.loads(strata("show", written.release.place.url, "--json").out)["release"] == "demo@1.0.0"


def test_show_for_people_off_a_terminal_is_plain(strata: Strata) -> None:
    shown = strata("show", "latest").out
    assert re.search(r"^records read +320 100\.0 %$", shown, re.M)
    assert re.search(r"^  dup_exact +64  20\.0 %$", shown, re.M)
    assert re.search(r"^kept +128  40\.0 %$", shown, re.M)
    assert "\x1b" not in shown
    assert "█" not in shown


def test_unknown_releases_are_bad_input(strata: Strata) -> None:
    for command in (["show"], ["cat"], ["ledger"], ["verify"], ["explain"]):
        arguments = [*command, "demo@9.0.0", *(["x"] if command == ["explain"] else [])]
        result = strata(*arguments)
        assert (result.code, result.out) == (2, "")
        assert "demo@9.0.0: no such release" in result.err
        assert "there are demo@1.0.0" in result.err


def test_cat(strata: Strata, written: Written) -> None:
    rows = lines(strata("cat", "latest"))
    assert [row["doc_id"] for row in rows] == sorted(written.data)
    assert {"doc_id", "url", "text", "crawl", "language"} <= set(rows[0])
    assert rows[0]["text"] == written.data[rows[0]["doc_id"]]["text"]


def test_ledger_piped_is_json_lines_with_or_without_the_option(strata: Strata) -> None:
    assert strata("ledger", "latest").out == strata("ledger", "latest", "--json").out
    rows = lines(strata("ledger", "latest"))
    assert len(rows) == 192
    assert {"url", "doc_id", "crawl", "stage", "reason", "value", "threshold", "survivor_url"} <= set(rows[0])


def test_ledger_by_reason(strata: Strata) -> None:
    duplicates = lines(strata("ledger", "latest", "--reason", "dup"))
    assert len(duplicates) == 64
    assert all(row["reason"].startswith("dup") and row["survivor_url"] for row in duplicates)
    assert lines(strata("ledger", "latest", "--reason", "extract_timeout")) == []
    wrong = strata("ledger", "latest", "--reason", "dupp_exact")
    assert (wrong.code, wrong.out) == (2, "")
    assert "did you mean dup_exact?" in wrong.err


def test_explain(strata: Strata, written: Written) -> None:
    row = written.of_reason("gopher_word_count")[0]
    told = strata("explain", "latest", row["url"])
    assert told.code == 0
    assert "SET ASIDE (crawl 2026-4" in told.out
    assert "words is 12, below 50" in told.out
    assert f"{row['warc_file']} at {row['warc_offset']:,}" in told.out
    as_json = json.loads(strata("explain", "latest", row["doc_id"], "--json").out)
    assert (as_json["fate"], as_json["reason"], as_json["release"]) == (
        "set_aside",
        "gopher_word_count",
        "demo@1.0.0",
    )
    assert len(as_json["captures"]) == 1


def test_explain_a_kept_page_shows_what_was_found_on_it(strata: Strata, written: Written) -> None:
    row = next(row for row in written.data.values() if row["opt_outs"])
    told = strata("explain", "latest", row["doc_id"])
    assert "KEPT (crawl 2026-4" in told.out
    for found in (
        row["title"],
        "X-Robots-Tag: noai|`x` (header)",
        "creativecommons.org/licenses/by/4.0/ (link)",
    ):
        assert found in told.out


def test_explain_what_was_never_seen(strata: Strata) -> None:
    told = strata("explain", "latest", "https://nowhere.example/x")
    assert told.code == 1
    assert "https://nowhere.example/x: unknown to demo@1.0.0" in told.out
    as_json = strata("explain", "latest", "0" * 32, "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out)["captures"] == []


def test_verify(strata: Strata, own_root: LocalStore) -> None:
    fine = strata("verify", "demo@1.1.0", "--root", own_root.uri)
    assert (fine.code, fine.out) == (0, "demo@1.1.0: every file is as committed\n")
    key = "releases/demo/1.0.0/data/part-00001-of-00003.parquet"
    data = bytearray(own_root.get(key))
    data[100] ^= 4
    own_root.delete(key)
    own_root.put_new(key, bytes(data))
    own_root.put_new("releases/demo/1.0.0/extra.txt", b"")
    own_root.delete("releases/demo/1.0.0/README.md")
    wrong = strata("verify", "demo@1.0.0", "--root", own_root.uri)
    assert wrong.code == 1
    assert [line.partition(":")[0] for line in wrong.out.splitlines()] == [
        "README.md",
        "data/part-00001-of-00003.parquet",
        "extra.txt",
    ]
    assert "3 of its files are not as committed" in wrong.err


def test_a_release_of_nothing_is_a_release(strata: Strata, tmp_path: Path) -> None:
    """Crawls without a record: nothing divides by zero, every command answers."""
    root = ("--root", build(LocalStore(tmp_path / "empty"), per_crawl=0).release.store.uri)
    assert strata("verify", "latest", *root).code == 0
    assert json.loads(strata("show", "latest", "--json", *root).out)["records_read"] == 0
    assert re.search(r"^kept +0 +–$", strata("show", "latest", *root).out, re.M)
    assert "demo@1.0.0" in strata("releases", *root).out
    assert lines(strata("cat", "latest", *root)) == lines(strata("ledger", "latest", *root)) == []
    assert strata("explain", "latest", "https://site01.example/", *root).code == 1
    assert strata("explain", "latest", "0" * 32, *root).code == 1


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "beam_jobs", *arguments]


def test_show_starts_fast() -> None:
    assert min(cpu_seconds("show", "latest") for _ in range(3)) < 1.0


@pytest.mark.parametrize("command", ["cat", "ledger"])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, command: str) -> None:
    written = build(LocalStore(tmp_path / "root"), per_crawl=4000, row_group=1024)
    environment = {**os.environ, "STRATA_ROOT": written.release.store.uri}
    with subprocess.Popen(
        _command(command, "latest"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 141


def test_text_of_the_world_survives_a_poor_locale() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = subprocess.run(_command("cat", "latest"), capture_output=True, check=True, env=environment)
    assert "über" in run.stdout.decode("utf-8")


def _on_terminal(*arguments: str, columns: int) -> str:
    """What a person sees who runs the command in a terminal of that width."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(_command(*arguments), stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 20)[0]:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end is closed: Linux says so by an error
                break
            if not part:
                break
            shown += part
        process.wait(20)
    os.close(master)
    return shown.decode()


def test_show_on_a_terminal_has_a_waterfall() -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", _on_terminal("show", "latest", columns=120))
    bars = {
        line.split("  ")[0] if not line.startswith(" ") else line.split()[0]: re.search(r"[█▒]+", line)
        for line in shown.splitlines()
        if re.search(r"[█▒]", line)
    }
    read, documents, kept = bars["records read"], bars["documents"], bars["kept"]
    assert read is not None
    assert documents is not None
    assert kept is not None
    assert len(read[0]) == 44
    assert len(documents[0]) == round(44 * 0.8)
    duplicates = bars["dup_exact"]
    assert duplicates is not None
    assert duplicates.start() >= kept.end() - 1  # it fell away where the kept ones end
    assert max(len(line) for line in shown.splitlines()) <= 120


def test_counts_of_long_reasons_stand_in_one_column() -> None:
    long = "datatrove_duplicate_paragraph_characters"
    counts = Counts(
        records_read=9, documents=9, kept=2, set_aside={long: 3, "b": 4}, tokens=0, bytes=0, crawls={}
    )
    lines = list(waterfall(counts, len(long) + 2, 0))
    assert {line.plain.index(" %") for line in lines} == {len(long) + 2 + 1 + 12 + 1 + 5}


def test_a_narrow_terminal_has_no_bars() -> None:
    shown = _on_terminal("show", "latest", columns=60)
    assert "█" not in shown
    assert "records read" in shown


def test_ledger_on_a_terminal_is_a_table() -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", _on_terminal("ledger", "latest", "--reason", "dup", columns=100))
    rows = shown.splitlines()
    assert rows[0].startswith("dup_exact ")
    assert rows[-1] == "64 records"
    assert max(map(len, rows)) <= 100
    piped_on_request = _on_terminal("ledger", "latest", "--reason", "dup", "--json", columns=100)
    assert json.loads(piped_on_request.splitlines()[0])["reason"] == "dup_exact"
