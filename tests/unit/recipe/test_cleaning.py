"""Edit programs are read strictly: what they say, and every way in which a rule cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_jobs.errors import BadInput
from beam_jobs.recipe.cleaning import Program, load_programs, program_names
from beam_jobs.recipe.repeats import Counting, Repeats

LINE = {"rule": "short", "cut": "line", "when": {"words": {"less_than": 3}}, "source": "tests"}


def document(*rules: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "name": "tests/lines",
        "version": 1,
        "source": "tests",
        "description": "Tests.",
        "rules": list(rules),
        **settings,
    }


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "program.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", program_names())
def test_every_shipped_program_is_sound_and_tells_its_sources(name: str) -> None:
    (program,) = load_programs([name], Path())
    assert program.name == name
    assert program.description
    assert all(rule.source for rule in program.rules)
    assert program.notes
    assert Program.from_record(program.record()).record() == program.record()
    assert Program.from_record(program.record()).codes == program.codes


def test_the_programs_there_are() -> None:
    assert program_names() == (
        "boilerplate/lines",
        "c4/lines",
        "c4/paper",
        "ccnet/paragraphs",
        "dclm/modifiers",
        "dolma/paragraphs",
        "fineweb/lines",
        "repeated-lines",
        "site-chrome",
    )


def test_codes_begin_with_the_programs_name() -> None:
    (program,) = load_programs(["site-chrome"], Path())
    assert program.codes == ("site_chrome_edge", "site_chrome_within", "site_chrome_white_space")
    assert program.drop_codes == ()
    assert program.countings == (Counting("site", "words", "text"),)
    (program,) = load_programs(["c4/lines"], Path())
    assert program.drop_codes == (
        "c4_lines_lorem_ipsum",
        "c4_lines_curly_bracket",
        "c4_lines_few_sentences",
    )
    assert program.countings == ()


def test_a_record_is_what_decides(tmp_path: Path) -> None:
    (program,) = load_programs(["program.yaml"], written(tmp_path, document(LINE, notes=["prose"])).parent)
    assert program.record() == {
        "name": "tests/lines",
        "version": 1,
        "rules": [{"rule": "short", "cut": "line", "when": {"words": {"less_than": 3.0}}}],
    }
    other = document({**LINE, "source": "elsewhere"}, description="Said otherwise.")
    assert Program.model_validate(other).record() == program.record()
    assert Program.model_validate(document(LINE, margins=True)).record() != program.record()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["c4/line"], "no edit program is named 'c4/line'"),
        (["c4/line"], "did you mean 'c4/lines'?"),
        (["c4/lines", "c4/lines"], "stands twice"),
        (["missing.yaml"], "missing.yaml: no such file"),
    ],
)
def test_names_that_mean_no_program(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(BadInput) as raised:
        load_programs(names, tmp_path)
    assert said in str(raised.value)


def test_two_programs_cannot_share_their_codes(tmp_path: Path) -> None:
    written(tmp_path, document(LINE, name="c4-lines"))
    with pytest.raises(BadInput, match="codes begin with 'c4_lines_'"):
        load_programs(["c4/lines", "program.yaml"], tmp_path)


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        ({"documents": {"at_least": 10}, "share": {"at_least": 0.5}}, 10),
        ({"documents": {"more_than": 3}}, 4),
        ({"documents": {"at_least": 2.5}}, 3),
        ({"documents": {"more_than": 1, "at_most": 9}, "copies": "later"}, 2),
        ({"documents": {"less_than": 3}}, 0),
        ({"share": {"at_least": 0.5}}, 0),
        ({"copies": "later"}, 2),
    ],
)
def test_the_fewest_documents_that_a_rule_asks_for(asked: dict[str, Any], least: int) -> None:
    assert Repeats.model_validate({"within": "crawl", **asked}).least == least


def when(**test: Any) -> dict[str, Any]:
    return {**LINE, "when": test}


SENTENCES = {"rule": "few", "cut": "document", "document": {"sentences": {"less_than": 5}}, "source": ""}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (document(), "rules"),
        (document(LINE, LINE), "rules must be unique; twice: short"),
        (document(LINE, name="dup/lines"), "names that begin with 'dup' are taken"),
        (document(SENTENCES, LINE), "rules on the whole document come last"),
        (document({**LINE, "rule": "Short"}), "rule"),
        (document({**LINE, "cut": "lines"}), "'line', 'match' or 'document'"),
        (document({**LINE, "document": {"sentences": {"less_than": 5}}}), "say when it applies"),
        (document({**SENTENCES, "cut": "line"}), "say when it applies"),
        (document({"rule": "never", "cut": "line", "source": ""}), "say when it applies"),
        (document({**LINE, "cut": "match"}), "cut: match wants one of"),
        (document({**when(is_all=["a"]), "cut": "match"}), "is_all finds whole lines"),
        (document({**when(contains=["a"], ends_with=["b"]), "cut": "match"}), "cut: match wants one of"),
        (document({**LINE, "with_space": True}), "with_space is for cut: match"),
        (document(when()), "it says nothing of the line"),
        (document(when(at_edge=True)), "it says nothing of the line"),
        (document(when(word={"less_than": 3})), "did you mean 'words'?"),
        (document(when(words={})), "give one or two bounds"),
        (document(when(words={"at_least": 1, "more_than": 1})), "give one or two bounds"),
        (document(when(words={"at_least": 5, "at_most": 3})), "no number lies between 5 and 3"),
        (document(when(words={"more_than": 3, "at_most": 3})), "no number lies between 3 and 3"),
        (document(when(words={"less_than": 0})), "can never apply"),
        (document(when(words={"at_least": 0})), "always applies"),
        (document(when(digit_share={"more_than": 1})), "can never apply"),
        (document(when(digit_share={"at_most": 1})), "always applies"),
        (document(when(repeats={"within": "site", "share": {"at_least": 10}})), "share can never apply"),
        (
            document(when(repeats={"within": "crawl", "documents": {"at_least": 0}})),
            "documents always applies",
        ),
        (document(when(repeats={"within": "crawl"})), "give documents, share or copies: later"),
        (document(when(repeats={"documents": {"at_least": 2}})), "within"),
        (
            document(when(repeats={"within": "crawl", "alike": "word", "copies": "later"})),
            "'words', 'ccnet' or 'bytes'",
        ),
        (document({**SENTENCES, "document": {"sentences": {"less_than": 0}}}), "can never apply"),
        (document({**SENTENCES, "document": {}}), "give sentences or removed_word_share"),
        (document(when(matches="a")), "matches and near go together"),
        (document(when(near=["a"])), "matches and near go together"),
        (document(when(matches="(a", near=["a"])), "is no regular expression"),
        (document(when(contains=[""])), "contains"),
        (document(when(contains=["a "])), "must lie within a line"),
        (document(when(begins_with=["a\nb"])), "must lie within a line"),
        (document(when(ends_without=["\t"])), "must lie within a line"),
        (document(when(is_all=["read more »"])), "must begin and end with a letter or a number"),
        (
            document(when(repeats={"within": "site", "documents": {"at_least": 2}}), lines="unicode"),
            "repeated lines are counted as LF ends",
        ),
        (document(LINE, line="lf"), "did you mean 'lines'?"),
        (document(LINE, lines="crlf"), "'lf' or 'unicode'"),
    ],
)
def test_programs_that_cannot_be_meant(tmp_path: Path, content: dict[str, Any], said: str) -> None:
    written(tmp_path, content)
    with pytest.raises(BadInput) as raised:
        load_programs(["program.yaml"], tmp_path)
    assert said in str(raised.value)
    assert "program.yaml" in str(raised.value)
