"""The stop words by which FineWeb-2 tells text of a language from anything else, by label of the language model.

They are the `stopwords` of huggingface/fineweb-2's configurations (Penedo et al. 2025, arXiv:2506.20920), found there
by counting words of Wikipedia: so years, marks and abbreviations are among them, spelled as datatrove's tokeniser for
the language cuts them. Languages are those whose words white space and punctuation tell; the configurations for others
(zh, ja, th, ko, vi ...) go by words of dictionaries, which Unicode's rules do not give. A change here changes the
signal `fineweb2_stop_words`: bump its version.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

STOP_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        language: tuple(words.split())
        for language, words in {
            "ar": "، في من على إلى عام أن مع أو هو عن التي كان بين ما كانت هي المتحدة بعد",  # arb_Arab
            "bg": "на и в е от за се г. с през да по",  # bul_Cyrl
            "bn": "এবং ও হয় করে একটি তিনি করা থেকে",  # ben_Beng
            "ca": "de el la a i d l' en d' que va els per un les una amb es",  # cat_Latn
            "cs": "v a se na je z s do",  # ces_Latn
            "da": "i og af en til er den at som på for med det blev var der fra de han et",  # dan_Latn
            "de": "der und die in von im den des mit das er dem als wurde für",  # deu_Latn
            "el": "του και το της η την από ο με τον να που των στην για στο σε είναι τη τα οι",  # ell_Grek
            "es": "de la en el y a que del los se por un con una las su",  # spa_Latn
            "fa": "در و ، به از که است این را با یک",  # fas_Arab
            "fi": (
                "ja on oli hän vuonna myös joka se ei sen ovat sekä mutta että tai vuoden kanssa hänen "
                "s. jälkeen the"
            ),  # fin_Latn
            "fr": "de la le et à en l' des du les est d' un une il dans par au",  # fra_Latn
            "he": "של את על הוא עם בשנת גם היה היא לאחר לא ידי בין או כי",  # heb_Hebr
            "hi": "के में है की और से का को एक हैं पर",  # hin_Deva
            "hr": "je u i se na su za od s a",  # hrv_Latn
            "hu": "a az és is egy volt hogy nem meg de magyar első el között",  # hun_Latn
            "id": "dan yang di pada dari ini dengan adalah untuk dalam",  # ind_Latn
            "it": "di e il la in a del che è della un per nel l' con da i una",  # ita_Latn
            "nl": "de van in het een en is op voor met door zijn werd hij uit",  # nld_Latn
            "no": "i og av som en er til på for ble med den det var han de å fra",  # nob_Latn
            "pl": "w i na z do się roku od a jest przez po jako oraz o został był nie",  # pol_Latn
            "pt": "de a e o em do da que um no uma com para na é foi",  # por_Latn
            "ro": "de în a și din la o cu este un pe fost care al",  # ron_Latn
            "ru": "в и на с года по году из был к не от что за для его как а он также до после",  # rus_Cyrl
            "sk": "v a na sa je z roku s",  # slk_Latn
            "sv": "i och är av en som den med på till att för",  # swe_Latn
            "sw": "ya na wa katika kwa ni la za mwaka",  # swh_Latn
            "ta": (
                "மற்றும் ஒரு இந்த ஆம் இது என்ற இவர் உள்ள ஆகும் ஆண்டு அல்லது என்பது முதல் உள்ளது என்று "
                "இந்திய மக்கள் ஊராட்சி இல் இருந்து மேலும் பல"
            ),  # tam_Taml
            "tr": "ve bir olarak bu ile için olan da de tarafından yılında sonra en daha ilk the",  # tur_Latn
            "uk": "у в на і з та до року за що",  # ukr_Cyrl
        }.items()
    }
)
"""The lists by language; the configuration that each is of stands beside it."""
