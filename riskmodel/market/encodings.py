"""In which encoding a text file is: by its mark, by what its bytes can be, and by the letters of languages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import pairwise

MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
IN_RUNS = 0.8  # of the characters beyond ASCII stand beside another one in Japanese; in German or French few do
COUNTED = re.compile(r"(?<=[0-9])[年月日時分秒円株千万億兆期社口件位]")  # stand alone after a digit
HIGH = re.compile(rb"[\x80-\xff]+")
WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
MOST_WORDS = 2000  # different ones that are looked at
FEW_RUNS = 3  # of pairs of bytes, before a text is one of two bytes a letter
HANGUL = 0.9  # of the letters of Korean
USUAL = {  # the leading bytes of the letters that nearly all of a text is made of, and the least of the byte behind
    "cp949": ((0xB0, 0xC8), 0xA1),  # Hangul as in KS X 1001
    "gb18030": ((0xB0, 0xD7), 0xA1),  # the first level of GB 2312
    "big5": ((0xA4, 0xC6), 0x40),  # the first level of Big5
}
OF_USUAL = 0.9  # of the letters of a text, before it is taken for one of these
FEW_LETTERS = 4  # different ones, of a text that is so little
STRANGE, SYMBOL = 1e-3, 1e-2  # how likely a letter of no language there is, and a sign within a word
SURE = math.log(8)  # of the likelihoods of two readings: a nearer one is asked
LETTERS = {  # of each encoding's languages those beyond ASCII, the commonest first
    "cp1252": (
        "üäöß", "éèàêçôûîâùœïë", "óíáéñúü", "ãçáéíóêõâúàô", "àèéùòì", "ëéïèöüêó", "äåöé", "åøæé", "íáðóþéöúæý", "äöõü",
        "çàéèòóíïú",
    ),
    "latin-1": (
        "üäöß", "éèàêçôûîâùïë", "óíáéñúü", "ãçáéíóêõâúàô", "àèéùòì", "ëéïèöüêó", "äåöé", "åøæé", "íáðóþéöúæý", "äöõü",
    ),
    "cp1250": ("łóążęśćńź", "íáěéýřčšžůúňťďó", "áíčéýžúšľťôňäďóĺŕ", "áéöóőíüúű", "šžčćđ", "ăîâşţșț", "üäöß"),
    "iso-8859-2": ("łóążęśćńź", "íáěéýřčšžůúňťďó", "áíčéýžúšľťôňäďóĺŕ", "áéöóőíüúű", "šžčćđ", "ăîâşţ", "üäöß"),
    "cp1251": ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", "оаинівтерслкдумпяьзгбчхйжїцюєщфшґ", "аиоетнрсвлкдпмзгуъчбцжщхюйшфья"),
    "cp1254": ("ıüşğöçâî", "üäöß"),
    "cp1253": ("αοιετσνηυρπκμλςωγδχθφάίόέήβξύζώψϊϋ",),
    "cp1257": ("āīēšņļģžķūčō", "ėųžšįąčūę", "äõüöšž"),
}  # fmt: skip
SELDOM = {"latin-1": 1.5, "cp1257": 1.5}  # off the likelihood, a logarithm
LEAST_LETTERS = 3  # of a word, before one of them tells an encoding
AMOUNT = re.compile(rb"[\x80\xa3\xa5](?:[km]|[mbt]n|mm|[mb]illions?|thousands?)?", re.IGNORECASE)  # £m, €bn
AREA = re.compile("[a-z]?m[²³]")
OTHER_SCRIPTS = ("cp1251", "cp1253")  # whose words have no Latin letters in them


def encoding_of(raw: bytes) -> str:
    """The encoding of a text file, or the likeliest of several.

    Examples
    --------
    >>> [encoding_of(text.encode(code)) for text, code in (("終値", "cp932"), ("Währung", "cp1252"), ("終値", "utf-8"))]
    ['cp932', 'cp1252', 'utf-8']
    >>> encoding_of("1,2025年1月10日".encode("cp932")), encoding_of("Udział;Wartość;Należności".encode("cp1250"))
    ('cp932', 'cp1250')
    """
    return encodings_of(raw)[0]


def encodings_of(raw: bytes, alike: Iterable[bytes] = ()) -> tuple[str, ...]:
    """The encodings that a text file may be in, the likeliest first; several where its letters do not tell them apart.

    It is told by its mark, or the first of UTF-8, UTF-16, cp932 and encodings of pairs of bytes that it can be. Of those of
    a byte a letter it is that under which its letters are those of words of one language. A word has three letters, and is
    no amount: £m may be Łm. Where no word has a letter beyond ASCII all that it may be are given, cp1252 first.

    Parameters
    ----------
    alike
        Files of one table with it, which are written as it is: few have letters enough.
    """
    for mark, encoding in MARKS.items():
        if raw.startswith(mark):
            return (encoding,)
    start = raw[: 1 << 12]
    if start.count(b"\0") > len(start) // 4:
        return ("utf-16-le" if start[1:2] == b"\0" else "utf-16-be",)
    if _decoded(raw, "utf-8") is not None:
        return ("utf-8",)
    if (paired := _of_pairs(raw) or _of_usual(raw)) is not None:
        return (paired,)
    western = _decoded(raw, "cp1252") is not None
    if (text := _decoded(raw, "cp932")) is not None and _is_japanese(text, IN_RUNS if western else 0.0):
        return ("cp932",)
    words = dict.fromkeys(word for each in (raw, *alike) if _decoded(each, "utf-8") is None for word in WORD.findall(each))
    telling = [word for word in words if len(word) >= LEAST_LETTERS and not AMOUNT.fullmatch(word)]
    return _of_letters(raw, telling[:MOST_WORDS]) if telling else _of_signs(raw, [*words])


def _of_letters(raw: bytes, words: list[bytes]) -> tuple[str, ...]:
    """The encodings of a byte a letter under which words are those of a language, the likeliest first."""
    together = b"\n".join(words)
    found: dict[str, tuple[float, str]] = {}
    for encoding, languages in LETTERS.items():
        text = _decoded(together, encoding)
        if text is None or _decoded(raw, encoding) is None:
            continue
        score = max(_likelihood(text.split("\n"), letters, encoding in OTHER_SCRIPTS) for letters in languages)
        best, first = found.get(text, (-math.inf, encoding))
        found[text] = max(best, score - SELDOM.get(encoding, 0.0)), first
    ranked = sorted(found.values(), key=lambda each: -each[0])
    near = [encoding for score, encoding in ranked if score > ranked[0][0] - SURE]
    return tuple(near) or ("latin-1",)


def _of_signs(raw: bytes, words: list[bytes]) -> tuple[str, ...]:
    """The encodings of Windows under which the signs of a text without a word beyond ASCII are others, cp1252 first."""
    together, found = b"\n".join(word for word in words if not AREA.fullmatch(word.decode("latin-1"))), dict[str, str]()
    usual = (each for each in LETTERS if each.startswith("cp") and each not in OTHER_SCRIPTS)
    for encoding in (each for each in usual if _decoded(raw, each) is not None):
        text = _decoded(together, encoding) or ""
        if not any("\x80" <= letter < "\xa0" for letter in text):
            found.setdefault(text, encoding)
    return tuple(found.values()) or ("latin-1",)


def _likelihood(words: list[str], letters: str, other_script: bool) -> float:
    """How likely words are of a language, by their letters beyond ASCII alone; a logarithm."""
    whole = sum(1 / rank for rank in range(1, len(letters) + 1))
    chances = {letter: math.log(1 / (rank * whole)) for rank, letter in enumerate(letters, 1)}
    score = 0.0
    for word in words:
        latin = any(letter.isascii() for letter in word)
        if AREA.fullmatch(word) or not (latin or any(letter.isalpha() or letter < "\xa0" for letter in word)):
            continue  # m², a blank between thousands, a sign of a currency
        for letter in word:
            if not letter.isascii():
                chance = chances.get(letter.lower(), math.log(STRANGE if letter.isalpha() or letter < "\xa0" else SYMBOL))
                score += math.log(STRANGE) if other_script and latin else chance
        if other_script:  # of two encodings of one script the letters of one are the other's in the wrong case
            score += math.log(STRANGE) * sum(a.islower() and b.isupper() for a, b in pairwise(word))
    return score


def _of_pairs(raw: bytes) -> str | None:
    """Korean, Chinese or Japanese of two high bytes a letter; None where letters stand alone."""
    runs = {*HIGH.findall(raw)}
    if len(runs) < FEW_RUNS or any(len(run) % 2 for run in runs):
        return None
    if (text := _decoded(raw, "euc_kr")) is not None:
        letters = [letter for letter in text if not letter.isascii() and letter.isalpha()]
        if letters and sum("가" <= letter <= "힣" for letter in letters) >= HANGUL * len(letters):
            return "cp949"
    if (text := _decoded(raw, "euc_jp")) is not None and re.search("[ぁ-ヶー]{2}", text):
        return "euc_jp"
    text = _decoded(raw, "gb2312")
    return "gb18030" if text is not None and re.search("[一-鿿]{2}", text) and not re.search("[ぁ-ヶ]", text) else None


def _of_usual(raw: bytes) -> str | None:
    """The Korean or Chinese encoding of which a text has usual letters nearly alone; None where it has of none.

    Letters of Europe stand one by one among those of ASCII and make other pairs, or few: AÇÕES.
    """
    shares = dict[str, float]()
    for encoding, ((low, high), least) in USUAL.items():
        text = _decoded(raw, encoding) or ""
        pairs = {letter: letter.encode(encoding) for letter in {*text} if letter.isalpha() and not letter.isascii()}
        if len(pairs) < FEW_LETTERS or all(pair[1] < 0x80 for pair in pairs.values()):
            continue
        usual = (each for each, pair in pairs.items() if len(pair) == 2 and low <= pair[0] <= high and pair[1] >= least)
        shares[encoding] = sum(map(text.count, usual)) / sum(map(text.count, pairs))
    best = max(shares, key=lambda encoding: shares[encoding], default=None)
    return best if best is not None and shares[best] >= OF_USUAL else None


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_japanese(text: str, least: float) -> bool:
    """Whether what was read as cp932 is Japanese: no characters that nobody uses, and letters beside each other.

    Of its letters, a share of at least `least` stands beside another one, or alone after a digit as in 1月.
    """
    if any("\ue000" <= letter <= "\uf8ff" or "\x80" <= letter <= "\xa0" for letter in text):
        return False
    letters = "".join(letter if letter.isascii() or letter.isalpha() else " " for letter in text)  # △ stands alone
    runs = re.findall(r"[^\x00-\x7f]+", COUNTED.sub("年年", letters))
    return bool(runs) and sum(len(run) for run in runs if len(run) > 1) >= least * sum(map(len, runs))
