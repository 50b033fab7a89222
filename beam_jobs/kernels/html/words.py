"""Words by which a block of text shows what it is: the commonest words of many languages, of which sentences are full
and menus are not, and words that the furniture of pages is made of. Pure data.

A word of a script without spaces is one character. Upper case is folded in ASCII only, so words are given in lower
case.
"""

from __future__ import annotations

from typing import Final

FUNCTION_WORDS: Final = " ".join(
    (
        # English, German, French, Spanish, Portuguese, Italian, Catalan, Romanian
        "the of and to in that is was for it with as his on be at by had not are but from or have an "
        "they which one you were her all she there would their we him been has when who will more no "
        "if out so said what up its about than into them can only other some could time these two may "
        "then do my now such like our me any your how because after",
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an "
        "werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum "
        "war haben nur oder aber vor zur bis mehr durch man sein wurde sei ich wir ihr kann wenn "
        "seine sehr schon gegen unter diese dieser ihre eines beim dann was hier da mich",
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il "
        "sont avec son elle aux ou été mais comme ont ses cette nous leur être deux même ces bien "
        "fait sans y tout vous je on lui d l qu n s c j m",
        "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o "
        "este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo "
        "nos durante ha fue son era ser está han",
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele "
        "das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até isso ela "
        "entre era depois sem mesmo aos ter seus quem",
        "di che e la il un a per è in una mi sono ho non ha lo ma ti le si con da come se i del della "
        "nel dei più anche questo gli alla al era suo ci o delle su sua dal ed perché dalla degli "
        "nella hanno essere stato",
        "i de la el que en un per amb es els una no al les del ha seva és més però com són aquest aquesta",
        "și de în la a cu pe nu o care din mai că un este au se pentru ce sau fi lui ca fost sunt dar prin",
        # Dutch, Danish, Norwegian, Swedish, Finnish, Estonian, Icelandic
        "de van het een en in is dat op te zijn met voor niet aan er om ook als dan maar bij uit nog "
        "naar hij heeft wordt door over tot werd ze worden deze kan meer hun geen",
        "og i at det er en til af som på de med der den for ikke et har var han jeg sig om fra hun "
        "men ved eller vi kan havde ud å ble være skal seg hadde også etter mot blir når",
        "och att det i en på är som av för med den till inte han ett om har de jag var hon vi men "
        "från så sig vid kan när ut nu efter eller över också blev där skulle deras",
        "ja on ei se että hän oli mutta myös kun niin ovat kuin sen joka tai jos mukaan ole olla vain "
        "voi sekä hänen mitä jotka ta see et aga ka kui oma mis kes seda või nii olid",
        "og að í á er sem til við um það en ekki var með fyrir hann af",
        # Polish, Czech, Slovak, Croatian, Serbian, Slovene, Lithuanian, Latvian
        "w i z na do się nie że jest to o po od jak ale za tym co przez dla czy są tak który oraz "
        "przy może tego jego które być już tylko ze był było także jako więc",
        "a se v na je že s z do o i to jako za by k ale pro jsou po od který jeho které však již také "
        "byl bylo nebo ve při co ze sa vo ako aj pre pri čo ktorý bol som sme",
        "i u je na se da su za od s o kao što ne iz li sa koji ili bi te ali do po biti nije bio koja "
        "kako više in v so pri tudi ki bo bil pa kot",
        "ir kad su į iš yra tai o bet kaip apie už buvo un ar no ka par uz tas kas bija",
        # Hungarian, Turkish, Albanian, Basque, Welsh, Irish
        "a az és hogy nem is egy ez de volt azt mint csak még már meg ki vagy ha el be kell szerint után",
        "ve bir bu için da de ile çok olarak daha gibi ne o var en olan kadar ama sonra ben ki mi her",
        "të dhe në e i me për një nga që është më si eta da ez bat zen y yn a ac ar mae an na agus is",
        # Indonesian, Malay, Tagalog, Vietnamese, Swahili
        "yang dan di untuk dengan ini dari dalam tidak itu pada adalah akan juga ke oleh atau ada "
        "mereka kami saya bisa telah ang ng sa mga ay na at",
        "và của là có được cho không một các người trong để đã với những này khi từ như na ya wa kwa "
        "ni katika",
        # Russian, Ukrainian, Bulgarian, Serbian; Greek
        "и в не на что я с он как это по но она из у за то все так его к от же вы бы о мы был для до "
        "уже или если есть при що з як це але та від про є був або його він ми",
        "и на да се за от с е не са по че в като но до или той ще а у је су од као",
        "και το να του η της με που την από για είναι τα στο δεν ο οι θα των τη στην σε μια τους ότι ένα",
        # Arabic, Persian, Hebrew, Hindi, Bengali, Urdu
        "من في على أن إلى التي عن مع هذا ما لا كان بعد هذه الذي قد ذلك لم كما بين أو و إن",
        "و در به از که این را با است برای آن یک خود تا بر هم می نیز شده بود",
        "של את על לא זה עם הוא כי גם או היא אני אבל כל אם יותר",
        "के में की है और को से का पर यह ने कि एक हैं भी इस এবং ও এই করে থেকে জন্য না که کی میں ہے اور سے کا کو نے",
        # Scripts without spaces: Chinese, Japanese
        "的 是 不 了 在 有 我 他 这 們 们 和 也 就 都 而 及 與 与 着 或 一 个 個 上 为 為 以 到 说",
        "の は を に が と で て も し た な る れ す か ら こ い ま さ",
    )
)

CUES: Final = {
    "consent": "cookie cookies gdpr dsgvo consent datenschutz datenschutzerklärung privacy akzeptieren accept "
    "accepter aceptar zustimmen einwilligung einverstanden einstellungen settings preferences "
    "tracking privacidad confidentialité polityka prywatności javascript browser adblocker adblock",
    "subscribe": "newsletter newsletters subscribe subscribed subscription subscriber subscribers abonnieren "
    "abonnement abonnements abo abos abonnent abonnenten suscríbete suscribirse suscripción abonnez "
    "inscrivez inscreva assine iscriviti nieuwsbrief inbox mail email feed rss podcast probemonat "
    "signup unsubscribe app apps",
    "copyright": "copyright © rights reserved rechte vorbehalten impressum agb derechos reservados droits réservés "
    "direitos diritti riservati prawa zastrzeżone imprint terms nutzungsbedingungen legal disclaimer "
    "haftungsausschluss powered trademark",
    "share": "share shares teilen tweet tweets facebook twitter whatsapp pinterest linkedin xing instagram "
    "telegram youtube tiktok reddit tumblr compartir partager condividi compartilhar udostępnij "
    "drucken print imprimir imprimer merken bookmark like likes follow folgen seguir suivre empfehlen "
    "mastodon flipboard pocket",
    "comment": "comment comments commented kommentar kommentare kommentieren comentario comentarios commentaire "
    "commentaires commenti komentarz komentarze komentarzy reacties reply replies antworten antwort "
    "responder répondre rispondi odpowiedz disqus diskutieren diskussion discussion leserbriefe forum "
    "beitrag posts",
    "more": "more mehr weiterlesen weitere weiterer weiteren read lesen lies lire leer leia leggi suite más "
    "siehe see also related relacionadas relacionados relacionado ähnliche verwandte recommended "
    "empfohlene trending beliebt popular popolari meistgelesen gelesen latest neueste neuste aktuelle "
    "aktuell últimas recientes noticias interesse interessieren themen thema topics tags tag "
    "stichworte schlagwörter schlagworte kategorie kategorien category categories categorías "
    "catégorie",
    "byline": "by von por par di autor author autorin autora auteur autore redaktion redacción rédaction "
    "published posted updated veröffentlicht erstellt aktualisiert publicado actualizado publié mis "
    "atualizado pubblicato stand uhr minuten lesezeit lesedauer min minutes ago vor hace profil "
    "profile",
    "credit": "photo photos foto fotos bild bilder image images picture pictures credit credits getty dpa "
    "reuters imago quelle quellen source sources fuente afp apa shutterstock istock unsplash pixabay "
    "archivbild symbolbild fotograf photograph screenshot grafik illustration video videos galerie "
    "gallery bildergalerie",
    "account": "login log logout register registrieren anmelden einloggen abmelden password passwort username "
    "benutzername konto account sign registrarse ingresar connexion accedi entrar zaloguj warenkorb "
    "cart basket checkout bestellen kaufen buy suche search suchen buscar recherche rechercher szukaj "
    "cerca",
    "navigation": "home startseite menu menü next previous weiter zurück vorheriger nächster vorherige nächste "
    "seite page top oben kontakt contact about über sitemap übersicht inicio accueil strona główna "
    "contacto hilfe help faq jobs karriere newsroom archiv archive zum skip springen inhalt öffnen "
    "schließen close open anzeigen show hide ausblenden",
    "advertising": "advertisement advertising anzeige anzeigen werbung publicidad publicité pubblicità reklama "
    "sponsored gesponsert affiliate provision werbelinks partnerlinks promotion angebot angebote "
    "gutschein rabatt amazon",
    "date": "january february march april may june july august september october november december januar "
    "februar märz mai juni juli oktober dezember enero febrero marzo mayo junio julio agosto "
    "septiembre octubre noviembre diciembre janvier février mars avril juin juillet août septembre "
    "octobre novembre décembre jan feb mar apr jun jul aug sep sept oct okt nov dec dez montag "
    "dienstag mittwoch donnerstag freitag samstag sonntag monday tuesday wednesday thursday friday "
    "saturday sunday",
}
"""Name of a kind of furniture -> the words that show it."""

FUNCTION: Final = 1
"""The bit of a function word; the n-th kind of cue has bit `2 << n`."""


def word_bits() -> dict[str, int]:
    """Each word and what it shows, as bits."""
    bits: dict[str, int] = dict.fromkeys(FUNCTION_WORDS.split(), FUNCTION)
    for number, words in enumerate(CUES.values()):
        for word in words.split():
            bits[word] = bits.get(word, 0) | 2 << number
    return bits
