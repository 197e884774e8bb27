"""Latin names in running text: words with capitals of which one is a name people bear and none an ordinary word."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_L = r"A-Za-zÀ-ÖØ-öø-žƠơƯưẠ-ỹ"
_WORD = rf"[{_L}](?:[{_L}]|['’](?=[{_L}]))*(?:-[{_L}]+)?"
_PART = r"(?:\s(?:de|da|do|dos|del|della|di|du|van|von|der|den|bin|binti|al|el|la|le|ter|ten)\b){0,2}"
# one to four words with capitals; what a text must hold for a name to be looked for in it
MAYBE_LATIN = re.compile(
    rf"(?<![{_L}0-9@./])(?<![{_L}]['’])(?=[A-ZÀ-ÞĀ-Ž]){_WORD}(?:{_PART}[\s_](?=[A-ZÀ-ÞĀ-ž])(?:[A-Z]\.|{_WORD})){{0,3}}"
)
_WORDS = re.compile(rf"[A-Z]\.|{_WORD}")
# any two or three words behind what says that a name follows
CUED_LATIN = re.compile(
    r"(?i:(?<![A-Za-z])(?:attn|attention|name|recipient|consignee|receiver|addressee|fao|c/o|ship to|deliver to|signed by|received by|contact|customer|buyer|cardholder|payee|beneficiary|holder)\b"
    r"(?: is| name)?[\s:=\-.]{1,3})(?P<s>[a-z]{2,20}(?:\s[a-z]{2,20}){1,2})"
)
# a first name and a surname in small letters, or as one word of two (AnnLee), in the name of a file
SMALL_LATIN = re.compile(
    r"(?<![A-Za-z])(?=(?P<s>[a-z]{3,15}[_\s\-.][a-z]{3,15}|[A-Z][a-z]{2,14}[A-Z][a-z]{2,14})(?![a-z])[^/\\]{0,80}\.[A-Za-z0-9]{3,4}$)"
)
_BRANDS = re.compile(
    r"(?i:\b(?:calvin klein|tommy hilfiger|ralph lauren|michael kors|kate spade|charlotte tilbury|mary kay|est[ée]e lauder|harry potter|victoria['’]?s? secret|levi strauss|jo malone|marc jacobs|vera wang|stan smith|air jordan|hugo boss|dr\.? martens|yves (?:saint )?laurent|christian (?:dior|louboutin)|jimmy choo|tom ford|bobbi brown|giorgio armani|"
    r"jack daniel'?s?|johnnie walker|jack wolfskin|jack (?:and )?jones|fred perry|paul smith|ted baker|laura ashley|cath kidston|ray ban|max factor|max mara|steve madden|karl lagerfeld|helena rubinstein|elizabeth arden|laura mercier|louis vuitton|roger vivier|mario kart|super mario|marvel|mickey mouse|minnie mouse|peppa pig|thomas (?:the )?tank|ann summers|ben (?:and|&) jerry'?s?|"
    r"kitchen ?aid|russell hobbs|philip morris|philips sonicare|morphy richards|singer|henry hoover|james bond|taylor swift|justin bieber|michael jordan|charles (?:and|&) keith|peter thomas roth|paula'?s choice|mario badescu|sally hansen|tweezerman|burt'?s bees|john lewis|john deere|jamie oliver|gordon ramsay|martha stewart|van gogh|leonardo da vinci|santa claus|hong kong|marie claire|nelson mandela|albert einstein|anne frank|sherlock holmes|betty crocker|mary poppins|charlie brown|peter rabbit|winnie the pooh|jack wills|adolfo dom[íi]nguez|peter england|louis philippe|allen solly|van heusen|raymond(?= (?:shirt|suit|trousers?|fabric|weil))|pedro del hierro|massimo dutti|roberto cavalli|emporio armani|yves rocher|tory burch|stella mccartney|alexander (?:mcqueen|wang)|vivienne westwood|tom tailor|jim beam|paul frank|sam edelman|cole haan|ben sherman|daniel wellington|isabel marant|diane von furstenberg|tissot|puerto rico|bali|costa rica|mona lisa|san francisco|los angeles|new york|san diego|santa|saint|st)\b)"
)
_PINYIN_SURNAMES = frozenset(
    "wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin guo ma luo liang song zheng xie han tang feng yu dong xiao cheng cao yuan deng fu shen zeng peng lu su jiang cai jia ding wei xue ye yan pan du dai xia zhong tian ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan lei qian yin lai qiao wen he ouyang "
    "chan wong lee cheung lau leung ng ho lam kwok tam lim ong goh teo koh chua yeung tsang tsui yip kwan chow chiu chung kwong mak poon siu tse yuen cheng hui fong chin tsai hsu hsieh chang chou kuo".split()
)
_SYLLABLE = r"(?:[bpmfdtnlgkhjqxzcsryw]|zh|ch|sh|ts|kw|hs|ng)?(?:iang|iong|uang|ang|eng|ing|ong|ung|iao|ian|uan|uai|ueng|eung|ai|ei|ui|ao|ou|iu|ie|ue|er|an|en|in|un|am|im|um|ap|ip|at|it|ak|ik|uk|ia|io|ua|uo|oi|oon|een|ee|oo|a|o|e|i|u|v)"
_GIVEN = re.compile(rf"{_SYLLABLE}(?:-?{_SYLLABLE})?")


@cache
def _lexicon() -> tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]:
    """First names and surnames of some forty countries (Faker, names: MIT), and the usual English words (symspellpy: MIT)."""
    text = gzip.decompress((files("aftersales") / "sources/latin_names.txt.gz").read_bytes()).decode()
    first, last, both, words, usual = (frozenset(line.split(" ")) for line in text.splitlines())
    return first, last | both, words, usual


def latin_names(text: str) -> Iterator[tuple[int, int]]:
    """Where names of people in Latin letters stand.

    >>> text = "Happy 40th Margaret Ellison, love from all of us"
    >>> [text[a:b] for a, b in latin_names(text)]
    ['Margaret Ellison']
    """
    brands = [m.span() for m in _BRANDS.finditer(text)]
    for match in MAYBE_LATIN.finditer(text):
        if match[0].isalpha() and match[0].lower() not in _lexicon()[3]:
            continue
        words = list(_WORDS.finditer(match[0]))
        at = 0
        while at < len(words):
            for count in (4, 3, 2, 1):
                some = words[at : at + count]
                if len(some) < count or not _is_name([w[0] for w in some], cued=False):
                    continue
                start, end = match.start() + some[0].start(), match.start() + some[-1].end()
                if not text[end : end + 1].isdigit() and not any(a < end and start < b for a, b in brands):
                    yield start, end
                    at += count - 1
                    break
            at += 1


def cued_latin_names(text: str) -> Iterator[tuple[int, int]]:
    """Where names stand in letters of either case, behind what says that a name follows.

    >>> text = "attn: lucy fairbrother, reception"
    >>> [text[a:b] for a, b in cued_latin_names(text)]
    ['lucy fairbrother']
    """
    for match in CUED_LATIN.finditer(text):
        words = list(re.finditer(r"\S+", match["s"]))
        for count in (3, 2):
            if len(words) >= count and _is_name([w[0] for w in words[:count]], cued=True):
                yield match.start("s"), match.start("s") + words[count - 1].end()
                break


def small_latin_names(text: str) -> Iterator[tuple[int, int]]:
    """Where a first name and a surname stand in small letters, or as one word, in the name of a file.

    >>> text = "refund_request_robert_hathaway_0729.pdf"
    >>> [text[a:b] for a, b in small_latin_names(text)]
    ['robert_hathaway']
    """
    first, last, usual, _ = _lexicon()
    for match in SMALL_LATIN.finditer(text):
        one, two = (part.lower() for part in re.split(r"[_\s\-.]|(?<=[a-z])(?=[A-Z])", match["s"]))
        if one in first and two in last and not {one, two} & usual:
            yield match.span("s")


def _is_name(words: list[str], *, cued: bool) -> bool:
    first, last, usual, alone = _lexicon()
    plain = [_plain(w) for w in words]
    full = [
        w
        for w in plain
        if len(w) > 1
        and w
        not in (
            "de",
            "da",
            "do",
            "dos",
            "del",
            "della",
            "di",
            "du",
            "van",
            "von",
            "der",
            "den",
            "bin",
            "binti",
            "al",
            "el",
            "la",
            "le",
            "ter",
            "ten",
        )
    ]
    if len(full) < 2:
        return (
            len(words) == 1
            and not cued
            and bool(full)
            and full[0] in alone
            and full[0] not in ("tage", "ward", "thanh", "resi", "thanks")
            and words[0][1:].islower()
        )
    if (
        full[0] in _PINYIN_SURNAMES
        and all(_GIVEN.fullmatch(w) for w in full[1:])
        and not all(w in usual for w in full[1:])
    ):
        return True
    if len(full) == 2 and full[1] in _PINYIN_SURNAMES and _GIVEN.fullmatch(full[0]) and full[0] not in usual:
        return True
    names = [(w in first or w in last) and w not in usual for w in full]
    if any(w in usual and w not in first and w not in last for w in full):
        return False
    if full[0] in first and full[0] not in usual:
        return all(known or w not in usual for known, w in zip(names[1:], full[1:], strict=True)) or full[-1] in last
    return (full[0] in first and names[-1]) or ((cued or len(full) > 2) and full[0] not in usual and names[-1])


def _plain(word: str) -> str:
    return "".join(
        c for c in unicodedata.normalize("NFKD", word.lower().replace("’", "'")) if c.isascii() and c not in "."
    )
