"""Benchmark items planted in documents, in every way that they leak; and documents that only look like leaks.

Items are generated, or given; so is the text around them. The same seed gives the same set.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa

from beam_jobs.schema.contamination import ITEMS

_FUNCTION_WORDS = (
    "the of and to a in is that it for was on are as with they be at one have this from or had by but what all were "
    "when we there can an your which their said if will each about how up out them then she many some so would make "
    "into has two more her like him see could no than first been its who now people my made over did down only way"
)
_NAMES = "Ana Bilal Chen Dora Emeka Farid Greta Hiro Ines Jonas Kamala Liam Mei Nadia Omar Priya Quinn Rosa Sven Tariq"
_SYLLABLES = (
    "ba be bi bo da de di do fa fe fi ga go ha he ka ke ki la le li lo ma me mi na ne no pa pe ra re ri ro sa se si so "
    "ta te ti to va ve za"
)
FUNCTION_WORDS, NAMES, SYLLABLES = _FUNCTION_WORDS.split(), _NAMES.split(), _SYLLABLES.split()
HANZI = (
    "天地人山水火木金土日月星雨风雪花草树鸟鱼马牛羊春夏秋冬东西南北上下左右大小多少长短高低前后内外开关来去"
)

LICENCE = """Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in
compliance with the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0
Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
"AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied."""
LOREM = """Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore
magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo."""
MATHS = [
    "Let x be a real number such that x^2 + 3x + 2 = 0. Find all possible values of x.",
    "What is the sum of the first n positive integers? It is n(n + 1)/2, as is well known.",
    "How much money does she have left? Show your work and explain your answer step by step.",
    "Which of the following statements is true? Choose the best answer from the choices below.",
    "The area of a circle is pi times the square of its radius, and its circumference is 2 pi r.",
    "If a train travels 60 miles per hour for 3 hours, it travels 60 * 3 = 180 miles in total.",
    "Find the greatest common divisor of two positive integers a and b by the Euclidean algorithm.",
]
STEMS = [
    "Which of the following is true of {}?",
    "Which of the following statements about {} is false?",
    "According to the passage above, what is the main reason for {}?",
    "What is the most likely diagnosis, given {}?",
]
QUOTATIONS = [
    "Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty, "
    "and dedicated to the proposition that all men are created equal.",
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in "
    "want of a wife.",
    "When in the Course of human events, it becomes necessary for one people to dissolve the political bands which "
    "have connected them with another, and to assume among the powers of the earth, the separate and equal station.",
]


@dataclass(frozen=True)
class Item:
    """A benchmark item."""

    benchmark: str
    name: str
    question: str
    answer: str
    choices: tuple[str, ...] = ()
    passage: str = ""
    code: bool = False


@dataclass(frozen=True)
class Document:
    """A document: how it was made, and the item in it; none in one that only looks like a leak."""

    text: str
    kind: str
    item: Item | None


class Words:
    """Text of invented words, as frequent as words are, with those of English that hold sentences together."""

    def __init__(self, rng: random.Random, size: int = 8000) -> None:
        self.rng = rng
        invented = list(
            dict.fromkeys("".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(size))
        )
        self.content = invented
        self.weights = list(accumulate(1 / (rank + 30) for rank in range(len(invented))))

    def word(self) -> str:
        return self.rng.choices(self.content, cum_weights=self.weights)[0]

    def sentence(self, words: int, *, numbers: float = 0.0, end: str = ".") -> str:
        """So many words, every other one of English, some of them numbers."""
        made = []
        for place in range(words):
            if self.rng.random() < numbers:
                made.append(str(self.rng.choice([self.rng.randint(2, 99), self.rng.randint(100, 25000)])))
            elif place % 2 and self.rng.random() < 0.9:
                made.append(self.rng.choice(FUNCTION_WORDS))
            else:
                made.append(self.word())
        text = " ".join(made)
        return text[:1].upper() + text[1:] + end

    def paragraph(self, sentences: int) -> str:
        return " ".join(self.sentence(self.rng.randint(7, 22), numbers=0.02) for _ in range(sentences))

    def document(self) -> str:
        return "\n\n".join(self.paragraph(self.rng.randint(2, 6)) for _ in range(self.rng.randint(2, 8)))


def generated_items(rng: random.Random, words: Words, count: int) -> list[Item]:
    """Items like those of GSM8K, MMLU, HumanEval and SQuAD, some of them in a language without spaces."""
    makers: list[Callable[[random.Random, Words, int], Item]] = [
        _maths,
        _choice,
        _code,
        _reading,
        _chinese,
        _quoting,
    ]
    return [makers[number % len(makers)](rng, words, number) for number in range(count)]


def _maths(rng: random.Random, words: Words, number: int) -> Item:
    name = rng.choice(NAMES)
    told = " ".join(words.sentence(rng.randint(8, 16), numbers=0.12) for _ in range(rng.randint(2, 4)))
    question = f"{name}'s {words.word()} {told} How many {words.word()} does {name} have at the end?"
    a, b = rng.randint(2, 90), rng.randint(2, 90)
    answer = f"{name} has {a} * {b} = {a * b} {words.word()}. {words.sentence(10, numbers=0.2)}\n#### {a * b}"
    return Item("maths", str(number), question, answer)


def _choice(rng: random.Random, words: Words, number: int) -> Item:
    stem = rng.choice([*STEMS, "{}", "{}", "{}", "{}"])
    asked = words.sentence(rng.choice([rng.randint(3, 5), *[rng.randint(7, 24)] * 5]), end="").lower()
    question = stem.format(asked)
    choices = tuple(words.sentence(rng.randint(2, 7), end="") for _ in range(4))
    return Item("choice", str(number), question, choices[0], choices[1:])


def _code(rng: random.Random, words: Words, number: int) -> Item:
    name = "_".join(words.word() for _ in range(3))
    first, second = words.word(), words.word()
    head = f"def {name}({first}: list[int], {second}: int) -> int:"
    told = f"{words.sentence(14)} {words.sentence(10)}"
    example = (
        f"{name}([{rng.randint(1, 9)}, {rng.randint(1, 9)}], {rng.randint(1, 9)})\n    {rng.randint(1, 99)}"
    )
    question = f'{head}\n    """{told}\n    >>> {example}\n    """\n'
    body = [
        f"    {words.word()}_{n} = {first}[{n}] * {second} + {rng.randint(2, 50)}"
        for n in range(rng.randint(3, 7))
    ]
    return Item(
        "code",
        str(number),
        question,
        "\n".join([*body, f"    return {second} - {rng.randint(2, 50)}"]),
        code=True,
    )


def _reading(rng: random.Random, words: Words, number: int) -> Item:
    passage = words.paragraph(6)
    sentence = rng.choice(passage.split(". ")).split()
    question = f"What did {words.sentence(rng.randint(9, 16), end='').lower()}?"
    return Item("reading", str(number), question, " ".join(sentence[:3]), passage=passage)


def _chinese(rng: random.Random, words: Words, number: int) -> Item:
    def text(size: int) -> str:
        return "".join(rng.choices(HANZI, k=size))

    question = f"{text(12)}{rng.randint(2, 99)}{text(8)}，{text(14)}？"
    return Item("chinese", str(number), question, text(6))


def _quoting(rng: random.Random, words: Words, number: int) -> Item:
    question = (
        f"“{rng.choice(QUOTATIONS)}” {words.sentence(rng.randint(10, 14))} {words.sentence(9, end='?')}"
    )
    return Item("quoting", str(number), question, words.sentence(4, end=""))


def table(items: Sequence[Item]) -> pa.Table:
    """Items as `schema.contamination.ITEMS`."""
    rows = []
    for item in items:
        fields = [("question", 0, item.question), ("answer", 0, item.answer)]
        fields += [("passage", 0, item.passage)] if item.passage else []
        fields += [("choice", part, choice) for part, choice in enumerate(item.choices)]
        rows += [(item.benchmark, item.name, *field) for field in fields]
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=ITEMS)


def _both(item: Item) -> str:
    passage = f"{item.passage}\n\n" if item.passage else ""
    return f"{passage}{item.question}\n{item.answer}"


def _with_choices(item: Item) -> str:
    lettered = "\n".join(f"{letter}. {choice}" for letter, choice in zip("BCDE", item.choices, strict=False))
    return f"{item.question}\nA. {item.answer}\n{lettered}" if lettered else _both(item)


def _changed_numbers(item: Item, rng: random.Random) -> str:
    return _NUMBER.sub(lambda match: str(int(match[0]) + rng.randint(1, 40)), _both(item))


def _reordered(item: Item, rng: random.Random) -> str:
    return f"Answer: {item.answer}\n\nThe question was: {item.question}"


def _marked_up(item: Item, rng: random.Random) -> str:
    """Emphasis, tags, line breaks and cell borders between words, now and then."""
    marks = [
        ("**", "**"),
        ("<b>", "</b>"),
        ("_", "_"),
        ("\n", ""),
        ("| ", " |"),
        ('<span class="q">', "</span>"),
        ("", "<br/>"),
    ]
    words = _both(item).split(" ")
    for place in range(0, len(words), 4):
        before, behind = rng.choice(marks)
        words[place] = f"{before}{words[place]}{behind}"
    return " ".join(words)


def _entities(item: Item, rng: random.Random) -> str:
    """Escaped, as a page has it that shows source, and quotation marks by number."""
    return html.escape(_both(item)).replace("&#x27;", "&#39;").replace("’", "&#8217;").replace(" ", " ")


def _renamed(item: Item, rng: random.Random) -> str:
    text = _both(item)
    names = sorted(set(re.findall(r"\b[a-z]{4,}(?:_[a-z0-9]+)*\b", text)) - {"list", "return"})
    for name in names:
        text = re.sub(rf"\b{name}\b", f"v{rng.randint(1, 999)}", text)
    return text


LEAKS: dict[str, Callable[[Item, random.Random], str]] = {
    "verbatim": lambda item, rng: _both(item),
    "with choices": lambda item, rng: _with_choices(item),
    "question only": lambda item, rng: item.question,
    "changed numbers": _changed_numbers,
    "answer before question": _reordered,
    "split by markup": _marked_up,
    "upper case": lambda item, rng: _both(item).upper(),
    "entities": _entities,
}
"""Ways in which an item leaks that must be found."""
RENAMED, SHORT = "code, names changed", "very short items"
LIMITS = (RENAMED, SHORT)
"""Known limits: reported, not counted."""
SHORT_WORDS = 7
_NUMBER = re.compile(r"[0-9]+")


def words_of(text: str) -> list[str]:
    """Words and numbers; ideographs one by one."""
    return re.findall(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff_]+", text)


def _is_eligible(item: Item, kind: str) -> bool:
    """Whether it still is the item: with other numbers, one of many numbers is another."""
    words = words_of(item.question)
    numbers = len(_NUMBER.findall(item.question))
    return len(words) >= SHORT_WORDS and (kind != "changed numbers" or numbers <= len(words) / 5)


def within(text: str, filler: str, rng: random.Random) -> str:
    """In another document's middle."""
    parts = filler.split(". ")
    at = rng.randint(0, len(parts))
    return ". ".join(parts[:at]) + f"\n{text}\n" + ". ".join(parts[at:])


def leaks(items: Sequence[Item], filler: Callable[[], str], rng: random.Random, each: int) -> list[Document]:
    """`each` documents of each kind, those of the known limits too."""
    chosen = {kind: [item for item in items if _is_eligible(item, kind)] for kind in LEAKS}
    chosen |= {RENAMED: [item for item in items if item.code]}
    chosen |= {SHORT: [item for item in items if len(words_of(item.question)) < SHORT_WORDS]}
    makers = {**LEAKS, RENAMED: _renamed, SHORT: lambda item, rng: _with_choices(item)}
    return [
        Document(within(makers[kind](item, rng), filler(), rng), kind, item)
        for kind, of_kind in chosen.items()
        for item in rng.sample(of_kind, min(each, len(of_kind)))
    ]


def look_alikes(
    items: Sequence[Item], filler: Callable[[], str], rng: random.Random, each: int
) -> list[Document]:
    """`each` documents of each kind that share something with items, or with benchmarks, and leak none."""
    passages = [item.passage for item in items if item.passage]
    makers: dict[str, Callable[[], str]] = {
        "nothing shared": lambda: "",
        "quotation": lambda: rng.choice(QUOTATIONS),
        "licence": lambda: LICENCE,
        "maths phrase": lambda: " ".join(rng.sample(MATHS, 3)),
        "lorem ipsum": lambda: LOREM,
        "same topic": lambda: _backwards(rng.choice(items).question),
        "half a question": lambda: _half(rng.choice(items).question),
        "question stem": lambda: " ".join(stem.format(" ".join(filler().split()[:6])) for stem in STEMS),
        "short answer": lambda: rng.choice([item for item in items if len(item.answer) < 40] or items).answer[
            :40
        ],
    }
    if passages:
        makers["passage"] = lambda: rng.choice(passages)
    return [
        Document(within(make(), filler(), rng), kind, None)
        for kind, make in makers.items()
        for _ in range(each)
    ]


def _pieces(text: str, size: int) -> list[str]:
    """So many words a piece; of a text that is all one word, characters."""
    words = text.split()
    if len(words) > 2 * size:
        return [" ".join(words[at : at + size]) for at in range(0, len(words), size)]
    return [text[at : at + size] for at in range(0, len(text), size)]


def _backwards(text: str) -> str:
    """The same words, in pieces of three, backwards."""
    return " ".join(reversed(_pieces(text, 3)))


def _half(text: str) -> str:
    words = text.split()
    return " ".join(words[: len(words) // 2]) if len(words) > 2 else text[: len(text) // 2]
