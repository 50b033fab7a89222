"""The servers of portable runners: what cannot be had is said, what is not vouched for is not run."""

from __future__ import annotations

import hashlib
import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from infra.runners import servers
from infra.runners.__main__ import main
from infra.runners.servers import (
    HERE,
    PINS,
    PRISM,
    NotToBeHad,
    NotTrusted,
    build_prism,
    check_pin,
    fetch_job_server,
    jar_name,
)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the PATH: empty until a test puts a tool there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put_tool(folder: Path, name: str, script: str) -> None:
    tool = folder / name
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    tool.chmod(0o755)


def maven_with(content: str) -> str:
    """A Maven whose repository has the jar, of that content."""
    return (
        'for argument in "$@"; do case "$argument" in -DoutputDirectory=*) to="${argument#*=}";; esac; done\n'
        f'/bin/mkdir -p "$to" && printf %s "{content}" > "$to/{jar_name()}"'
    )


def pin(tmp_path: Path, content: str, name: str | None = None) -> Path:
    pins = tmp_path / "pins"
    digest = hashlib.sha256(content.encode()).hexdigest()
    pins.write_text(f"# a comment\n\n{digest}  {name or jar_name()}\n", encoding="utf-8")
    return pins


def test_without_the_tool_it_is_not_to_be_had(tools: Path, tmp_path: Path) -> None:
    with pytest.raises(NotToBeHad, match="go is not on the PATH"):
        build_prism(tmp_path / "prism")
    with pytest.raises(NotToBeHad, match="mvn is not on the PATH"):
        fetch_job_server(tmp_path / "flink")


def test_what_the_tool_says_is_handed_on(tools: Path, tmp_path: Path) -> None:
    put_tool(tools, "mvn", "echo Could not find artifact; exit 1")
    with pytest.raises(NotToBeHad, match=r"ended with exit code 1:\nCould not find artifact"):
        fetch_job_server(tmp_path / "flink")


def test_a_tool_that_hangs_is_given_up(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_SECONDS", 0.2)
    put_tool(tools, "go", "exec /bin/sleep 30")
    with pytest.raises(NotToBeHad, match=r"took more than 0\.2 s"):
        build_prism(tmp_path / "prism")


def test_a_pinned_jar_is_fetched_once(tools: Path, tmp_path: Path) -> None:
    put_tool(tools, "mvn", maven_with("the job server"))
    jar = fetch_job_server(tmp_path / "flink", pin(tmp_path, "the job server"))
    assert jar == tmp_path / "flink" / jar_name()
    assert jar.read_text() == "the job server"
    put_tool(tools, "mvn", "exit 1")
    assert fetch_job_server(tmp_path / "flink", pin(tmp_path, "the job server")) == jar


def test_a_jar_that_nobody_vouches_for_is_refused_with_the_way_to_do_it(tools: Path, tmp_path: Path) -> None:
    put_tool(tools, "mvn", maven_with("the job server"))
    with pytest.raises(NotTrusted) as caught:
        fetch_job_server(tmp_path / "flink", pin(tmp_path, "the job server", name="another.jar"))
    said = str(caught.value)
    assert f"{hashlib.sha256(b'the job server').hexdigest()}  {jar_name()}" in said
    assert "gpg --verify" in said
    asc = (
        f"https://repo.maven.apache.org/maven2/org/apache/beam/beam-runners-flink-{servers.FLINK}-job-server/"
    )
    assert f"{asc}{version('apache-beam')}/{jar_name()}.asc" in said
    assert not (tmp_path / "flink" / jar_name()).exists()  # where the tests would take it from


def test_a_jar_of_another_digest_is_refused(tools: Path, tmp_path: Path) -> None:
    put_tool(tools, "mvn", maven_with("something else"))
    with pytest.raises(NotTrusted, match=r"pinned is [0-9a-f]{64}\. Remove it; do not run it"):
        fetch_job_server(tmp_path / "flink", pin(tmp_path, "the job server"))


def test_a_jar_that_changed_after_it_was_fetched_is_refused(tmp_path: Path) -> None:
    jar = tmp_path / jar_name()
    jar.write_text("changed", encoding="utf-8")
    with pytest.raises(NotTrusted):
        fetch_job_server(tmp_path, pin(tmp_path, "the job server"))
    with pytest.raises(NotTrusted):
        check_pin(jar, PINS)


def test_optional_means_that_a_missing_server_is_no_failure(
    tools: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.runners.__main__.STRATA", tmp_path)
    assert (main(["prism"]), main(["prism", "--optional"])) == (1, 0)
    assert (main(["flink"]), main(["flink", "--optional"])) == (1, 0)
    assert "prism: go is not on the PATH" in capsys.readouterr().err


def test_prism_is_built_from_what_is_pinned(tools: Path, tmp_path: Path) -> None:
    put_tool(tools, "go", f'printf "%s\\n" "$@" > {tmp_path}/arguments')
    build_prism(tmp_path / "out" / "prism")
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments == ["build", "-C", str(HERE / "prism"), "-o", str(tmp_path / "out" / "prism"), PRISM]


def test_the_pins_name_the_version_of_beam_that_is_installed() -> None:
    module = (HERE / "prism" / "go.mod").read_text(encoding="utf-8")
    assert f"github.com/apache/beam/sdks/v2 v{version('apache-beam')} " in module
    assert re.search(rf"^github.com/apache/beam/sdks/v2 v{version('apache-beam')} h1:", _sums(), re.M)
    for line in PINS.read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[0-9a-f]{64}  \S+\.jar", line)


def _sums() -> str:
    return (HERE / "prism" / "go.sum").read_text(encoding="utf-8")


def test_make_targets_go_by_these_tools() -> None:
    makefile = (HERE.parents[1] / "Makefile").read_text()
    for server in ("prism", "flink"):
        assert f"python -m infra.runners {server} $(if $(OPTIONAL),--optional)" in makefile


def test_continuous_integration_wants_nothing_but_the_package_index() -> None:
    script = HERE.parents[1] / ".ci" / "run"
    assert re.findall(r"^make .*$", script.read_text(), re.M) == ["make test"]
    assert os.access(script, os.X_OK)
