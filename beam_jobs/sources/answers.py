"""The texts in a benchmark's columns, of whatever shape; and answers that are given by a choice's number or letter."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

from beam_jobs.errors import BadInput

_LABELS = ("label", "labels", "key")
_TEXTS = ("text", "texts")


def texts_of(record: Mapping[str, Any], columns: Sequence[str], where: str) -> list[str]:
    """The texts of some columns, none of them blank: strings, numbers, lists of such, or mappings with a `text`."""
    return [
        text for column in columns for text in _flattened(record.get(column), f"{where}, column {column}")
    ]


def _flattened(value: Any, where: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [_encodable(value, where)] if value.strip() else []
    if isinstance(value, bool | int | float):
        return [str(value)]
    if isinstance(value, list):
        return [text for each in value for text in _flattened(each, where)]
    if isinstance(value, Mapping):
        for key in _TEXTS:
            if key in value:
                return _flattened(value[key], where)
    raise BadInput(
        f"neither a text nor a list of texts: {str(value)[:60]}",
        where=where,
        remedy="name a column that holds texts in the benchmark's `fields`",
    )


def _encodable(text: str, where: str) -> str:
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise BadInput(
            "holds half a surrogate pair, which no text has", where=where, remedy="correct the record"
        )
    return text


def answers_of(
    record: Mapping[str, Any],
    columns: Sequence[str],
    choices: Sequence[str],
    choice_columns: Sequence[str],
    where: str,
) -> list[str]:
    """The texts of the answer's columns; one that gives a choice by number or letter is that choice's text.

    A whole number is always taken for a choice's (from 0) where there are choices, as in MMLU. A string is the answer
    itself if it is a choice's text; else a choice's label, its letter, or its number from 0, as in HellaSwag. Raises
    `BadInput` when there is no such choice.
    """
    if not choices:
        return texts_of(record, columns, where)
    labels = _labels_of(record, choice_columns)
    found: list[str] = []
    for column in columns:
        value = record.get(column)
        if isinstance(value, int) and not isinstance(value, bool):
            found.append(_chosen(value, choices, f"{where}, column {column}"))
        elif isinstance(value, str) and value not in choices:
            found += _by_name(value, choices, labels, f"{where}, column {column}")
        else:
            found += texts_of(record, [column], where)
    return found


def _by_name(value: str, choices: Sequence[str], labels: Sequence[str], where: str) -> list[str]:
    name = value.strip()
    if name in labels:
        return [_chosen(labels.index(name), choices, where)]
    if len(name) == 1 and name in string.ascii_uppercase:
        return [_chosen(string.ascii_uppercase.index(name), choices, where)]
    if name.isascii() and name.isdigit():
        return [_chosen(int(name), choices, where)]
    return _flattened(value, where)


def _chosen(number: int, choices: Sequence[str], where: str) -> str:
    if not 0 <= number < len(choices):
        raise BadInput(
            f"names choice {number}, counted from 0, of {len(choices)}",
            where=where,
            remedy="correct the record, or name the answer's column in the benchmark's `fields`",
        )
    return choices[number]


def _labels_of(record: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """What choices are called, where their column says it: {"text": [...], "label": [...]}, as in ARC."""
    for column in columns:
        value = record.get(column)
        if isinstance(value, Mapping):
            for key in _LABELS:
                if isinstance(value.get(key), list):
                    return [str(label) for label in value[key]]
        if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            for key in _LABELS:
                if all(key in each for each in value):
                    return [str(each[key]) for each in value]
    return []
