"""Writes `script_table.py`: the script of every character, from the `regex` package's Unicode version.

Run `python -m beam_jobs.kernels.generate_script_table` after moving to another `regex`; the change alters signals, so
bump their versions in `schema.signals`. Knows nothing of numba.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import regex

from beam_jobs.kernels import two_stage

_DOCSTRING = """The script of every character, made by `generate_script_table`; do not edit.

`CODES[STAGE2[STAGE1[c >> 8] << 8 | c & 255]]` is the place of code point c's script among `SCRIPT_CODES`
(ISO 15924, blanks between).
"""

# Zyyy first: what belongs to no script of its own (common, inherited, unassigned) counts as that
_CODES = """
Zyyy Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Bhks Bopo Brah Brai Bugi Buhd Cakm Cans Cari Cham Cher
Chrs Copt Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba Elym Ethi Geor Glag Gong Gonm Goth Gran Grek Gujr Guru Hang
Hani Hano Hatr Hebr Hira Hluw Hmng Hmnp Hung Ital Java Kali Kana Kawi Khar Khmr Khoj Kits Knda Kthi Lana Laoo Latn Lepc
Limb Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani Marc Medf Mend Merc Mero Mlym Modi Mong Mroo Mtei Mult Mymr Nagm Nand
Narb Nbat Newa Nkoo Nshu Ogam Olck Orkh Orya Osge Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Plrd Prti Rjng Rohg Runr
Samr Sarb Saur Sgnw Shaw Shrd Sidd Sind Sinh Sogd Sogo Sora Soyo Sund Sylo Syrc Tagb Takr Tale Talu Taml Tang Tavt Telu
Tfng Tglg Thaa Thai Tibt Tirh Tnsa Toto Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii Zanb
"""


def scripts() -> np.ndarray:
    """The place in the list of every code point's script."""
    everything = "".join(chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000)
    found = np.zeros(sys.maxunicode + 1, dtype=np.uint32)
    for place, code in enumerate(_CODES.split()[1:], start=1):
        characters = regex.findall(rf"\p{{Script={code}}}", everything)
        found[np.fromiter(map(ord, characters), dtype=np.int64)] = place
    return found


def render() -> str:
    """The source of `script_table.py`."""
    stage1, stage2, classes = two_stage.build(scripts())
    codes = " ".join(_CODES.split())
    quoted = [f'    "{line} "' for line in textwrap.wrap(codes, 100)]
    constants = [f'REGEX_VERSION = "{regex.__version__}"', "SCRIPT_CODES = (", *quoted, ")"]
    return two_stage.render(_DOCSTRING, constants, {"STAGE1": stage1, "STAGE2": stage2, "CODES": classes})


if __name__ == "__main__":
    Path(__file__).with_name("script_table.py").write_text(render(), encoding="utf-8")
