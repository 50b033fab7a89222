"""Presentation MathML to LaTeX, for formulas that carry no TeX of their own.

Elements of layout and the commonest signs are written as TeX writes them, other characters stay as they are (which
unicode-aware TeX reads). What MathML can and this cannot: alignment, spacing, styles, elementary mathematics
(`mstack`, `mlongdiv`); there the content remains. Never raises: MathML on pages is written by hand and cut short.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_MOST_DEPTH: Final = 64
_MOST_CHARS: Final = 100_000

_SIGNS: Final = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ϵ": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ϑ": "vartheta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi",
    "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "ℏ": "hbar", "ℓ": "ell",
    "∂": "partial", "∇": "nabla", "∞": "infty", "∑": "sum", "∏": "prod", "∫": "int", "∮": "oint", "∬": "iint",
    "√": "surd", "±": "pm", "∓": "mp", "×": "times", "⋅": "cdot", "·": "cdot", "÷": "div", "∗": "ast",
    "∘": "circ", "⊕": "oplus", "⊗": "otimes", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv",
    "∼": "sim", "≃": "simeq", "≅": "cong", "∝": "propto", "≪": "ll", "≫": "gg", "∈": "in", "∉": "notin",
    "∋": "ni", "⊂": "subset", "⊆": "subseteq", "⊃": "supset", "⊇": "supseteq", "∪": "cup", "∩": "cap",
    "∅": "emptyset", "∀": "forall", "∃": "exists", "¬": "neg", "∧": "wedge", "∨": "vee", "⊢": "vdash",
    "⊥": "perp", "∥": "parallel", "∠": "angle", "→": "to", "←": "leftarrow", "↔": "leftrightarrow",
    "⇒": "Rightarrow", "⇐": "Leftarrow", "⇔": "Leftrightarrow", "↦": "mapsto", "…": "ldots", "⋯": "cdots",
    "⋮": "vdots", "⋱": "ddots", "′": "prime", "⟨": "langle", "⟩": "rangle", "⌊": "lfloor", "⌋": "rfloor",
    "⌈": "lceil", "⌉": "rceil", "‖": "Vert", "∣": "mid", "ℝ": "mathbb{R}", "ℂ": "mathbb{C}", "ℕ": "mathbb{N}",
    "ℤ": "mathbb{Z}", "ℚ": "mathbb{Q}",
}  # fmt: skip
_SPECIAL: Final = {
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "#": r"\#",
    "$": r"\$",
    "&": r"\&",
    "_": r"\_",
    "\\": r"\backslash ",
}
_INVISIBLE: Final = frozenset("\u2061\u2062\u2063\u2064\u200b")
_FUNCTIONS: Final = frozenset({
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "ln", "lg",
    "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "ker", "gcd", "arg", "deg", "Pr",
})  # fmt: skip
_ACCENTS: Final = {
    "^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "¯": "bar", "‾": "overline", "_": "bar", "→": "vec", "⃗": "vec",
    "˙": "dot", "¨": "ddot", "⏞": "overbrace",
}  # fmt: skip
_VOID: Final = frozenset(
    {"mspace", "mglyph", "none", "mprescripts", "br", "img", "malignmark", "maligngroup"}
)
_HIDDEN: Final = frozenset({"annotation", "annotation-xml", "mphantom"})


@dataclass
class _Element:
    name: str
    children: list[_Element] = field(default_factory=list)
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def to_latex(mathml: str) -> str:
    """LaTeX for the inside of a `math` element, without dollar signs; "" when it holds nothing."""
    reader = _Reader()
    reader.feed(mathml[:_MOST_CHARS])
    reader.close()
    return " ".join(_latex(reader.root).split())


class _Reader(HTMLParser):
    """The elements as a tree of bounded depth; end tags that close nothing are passed over."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Element("mrow")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = tag.rpartition(":")[2]
        made = _Element(name, attributes={key: value or "" for key, value in attrs})
        self._open[-1].children.append(made)
        if name not in _VOID and len(self._open) < _MOST_DEPTH:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = _Element(tag.rpartition(":")[2], attributes={key: value or "" for key, value in attrs})
        self._open[-1].children.append(made)

    def handle_endtag(self, tag: str) -> None:
        names = [element.name for element in self._open]
        name = tag.rpartition(":")[2]
        if name in names[1:]:
            del self._open[len(names) - 1 - names[::-1].index(name) :]

    def handle_data(self, data: str) -> None:
        self._open[-1].text += data


def _row(elements: list[_Element]) -> str:
    return " ".join(filter(None, map(_latex, elements)))


def _latex(element: _Element) -> str:  # noqa: PLR0911 - one return a kind of element
    name, parts = element.name, element.children
    if name in _HIDDEN:
        return ""
    if name in ("mtext", "ms"):
        text = " ".join(element.text.split())
        return rf"\text{{{_escaped(text)}}}" if text else _row(parts)
    if name in ("mi", "mn", "mo"):
        return _token(element)
    if name in _SCRIPTS:
        return _scripts(name, parts)
    if name == "mfrac":
        numerator, denominator = (_row(parts[at : at + 1]) for at in (0, 1))
        return rf"\frac{{{numerator}}}{{{denominator}}}"
    if name == "msqrt":
        return rf"\sqrt{{{_row(parts)}}}"
    if name == "mroot":
        return rf"\sqrt[{_row(parts[1:2])}]{{{_row(parts[:1])}}}"
    if name == "mfenced":
        return _fenced(element)
    if name == "mtable":
        rows = (
            r" & ".join(_row(cell.children) or cell.text.strip() for cell in row.children) for row in parts
        )
        return r"\begin{matrix} " + r" \\ ".join(rows) + r" \end{matrix}"
    if name == "semantics":
        return _row(parts[:1])
    return _row(parts) or _signs(element.text.strip())


def _token(element: _Element) -> str:
    text = "".join(element.text.split())
    if text in _FUNCTIONS:
        return f"\\{text}"
    if element.name == "mi" and len(text) > 1 and text.isalpha() and text.isascii():
        return rf"\mathrm{{{text}}}"
    return _signs(text)


def _signs(text: str) -> str:
    """Characters as TeX writes them; a command is kept apart from letters behind it."""
    written = []
    for sign in text:
        if sign in _INVISIBLE:
            continue
        written.append(f"\\{_SIGNS[sign]} " if sign in _SIGNS else _SPECIAL.get(sign, sign))
    return "".join(written).strip().replace("−", "-")


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


_SCRIPTS: Final = {
    "msub": ("_",), "msup": ("^",), "msubsup": ("_", "^"),
    "munder": ("_",), "mover": ("^",), "munderover": ("_", "^"), "mmultiscripts": ("_", "^"),
}  # fmt: skip


def _scripts(name: str, parts: list[_Element]) -> str:
    base = _row(parts[:1])
    if name == "mover" and len(parts) > 1:
        accent = _ACCENTS.get("".join(parts[1].text.split()))
        if accent:
            return rf"\{accent}{{{base}}}"
    if not base or " " in base:
        base = f"{{{base}}}"
    scripts = (
        f"{sign}{{{script}}}"
        for sign, part in zip(_SCRIPTS[name], parts[1:], strict=False)
        if (script := _latex(part))
    )
    return base + "".join(scripts)


def _fenced(element: _Element) -> str:
    opening, closing = element.attributes.get("open", "("), element.attributes.get("close", ")")
    separator = (element.attributes.get("separators", ",").strip() or " ")[0]
    inside = f"{separator} ".join(map(_latex, element.children))
    return f"{_signs(opening)}{inside}{_signs(closing)}"
