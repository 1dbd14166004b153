"""What a header says of contrast, in the languages of the scanners we know of (PS3.3 C.7.6.4).

The pixels are asked as well, so what is unclear counts as plain; what names an agent, or an amount of one, does not.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import lru_cache

from pydicom import Dataset

from triage_node.imaging.header import item, items, number, text, texts
from triage_node.imaging.wording import vocabulary as known
from triage_node.imaging.wording.body_part import folded, quoted

_NOT = known.any_of(*known.NOT.values())
_AND = rf"(?:\s*[/&+,]\s*|\s*{known.any_of(known.AND)}\s*)"
_NO = re.compile(f"{_NOT}|{known.ASIAN_PLAIN}")
_PLAIN = re.compile(known.any_of(known.PLAIN))
_BEFORE = re.compile(known.any_of(known.BEFORE))
_PLACEHOLDER = re.compile(known.any_of(known.PLACEHOLDERS))
_ORAL = re.compile(r"\b(ORAL\w*|PER ?ORAL\w*|PER OS|RE[CK]TAL\w*|PO|ENTERAL\w*|MOUTH)\b")
_BLOOD = re.compile(r"\b(IV|EV|INTRAVEN\w*|ENDOVEN\w*)\b")
_SIGN = (
    r"(?:[CK]ONTRAS[TC]\w*|CONTR?|CON|KM|MDC|PDC|CIV|IV|EV|INJ\w*|INYECC\w*|INIEZ\w*|BOLUS\w*|DYE|CE|CECT|CT[AVP]|"
    r"C(?! ?-? ?SPINE)|ANGIO\w*|PERFUSI\w*|ENH\w*|КОНТРАСТ\w*|КВ|ΣΚΙΑΓΡ\w*)"
)
_NAME = re.compile(
    rf"\b(?:{_SIGN}|BOTH|IO\w{{4,}}|[JY]OD\w*|OMNI\w*|VISIPA\w*|ISOVUE\w*|ULTRAVIST\w*|OPTIRAY\w*|XENETIX\w*|IMERON\w*|"
    r"ACCUPAQUE\w*|SOLUTRAST\w*|OXILAN\w*|HEXABRIX\w*|CONRAY\w*|NIOPAM\w*|TELEBRIX\w*|SCANLUX\w*|GADO\w*|INTRAVEN\w*)\b|"
    rf"{known.ASIAN_CONTRAST}"
)
_ENHANCED = re.compile(
    r"\b(?:[CK]ONTRAS[TC]\w*|(?:WITH|W) (?:CON\w*|IV|C(?! ?SPINE)|KM)|POST ?CON\w*|CECT|CT[AVP]|ANGIO\w*|"
    rf"VENO(?:US|GRA\w*)|ARTERIAL|PERFUSI\w*|BOLUS|KM|INJECTEE?S?|(?<!EDGE )ENHANCED$|HEAD W$|"
    rf"КОНТРАСТ\w*|АРТЕРИАЛЬН\w*|ВЕНОЗН\w*)\b|{known.ASIAN_CONTRAST}"
)
_AFTER_OR_WITH = re.compile(rf"{known.any_of(known.AFTER, known.WITH)}(?: IV)* {_SIGN}\b")
_DENIED = re.compile(
    rf"(?:{_NOT}|{known.any_of(known.BEFORE)})(?: (?:IV|ANY|OF|THE|DE|DEL|DU|DI|DER|DEM|LA|LE|EL))* {_SIGN}\b|"
    rf"{_SIGN} (?:{_NOT}|ONCESI|ONCE)\b|{_PLAIN.pattern}|{known.ASIAN_PLAIN}"
)
_AMOUNT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?) ?(?:MLS?|CCS?|CM3|MG|GR?|MMOL|L|МЛ)\b")
# What stands beside an agent, and may be denied without denying the agent.
_ASIDE = (
    r"(?:(?:KNOWN|PRIOR|PREVIOUS|ANY|ADVERSE|SIDE|BEKANNTE?|CONNUE?)\s+)*"
    r"(?:ALL?ERG\w*|АЛЛЕРГ\w*|REA[CK]TION\w*|[CK]OMPLI[CK]ATION\w*|[EP]\w*VASAT\w*|PROBLEM\w*|ISSUES?|EVENTS?|EFFECTS?|INCIDENTS?|"
    r"PREMED\w*|SEDATION|CHASER|DELAY|TILT|GAP|MOTION)\b"
)
# An agent given before the images were made is in them.
_EXAM = (
    r"(?:(?:THE|START|OF|DEM|DER|DE|LE|LA|L|IL|EL) ?)*"
    r"(?:SCAN\w*|EXAM\w*|IMAGING|STUDY|ACQUI\w*|UNTERSUCHUNG\w*|CT|TDM)\b"
)
_SPELLINGS = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\+ ?/ ?-|±", " BOTH "),
        (
            r"(?:\b(?:C|KM|IV|CE|INJ|MDC|PDC)|\b[CK]ONTRAS[TC]\w*) ?-(?=$|[\s),;/])|(?:^|(?<=[\s(]))-(?:C|KM|IV|CE)\b",
            " NO C ",
        ),
        (
            r"\b(?:C|KM|IV|CE|[CK]ONTRAS[TC]\w*) ?\+(?=$|[\s),;/])|(?:^|(?<=[\s(]))\+(?:C|KM|IV|CE)\b(?! ?-? ?SPINE)",
            " WITH C ",
        ),
        (r"\bW ?[/ ] ?O(?:UT)?\b", "WO"),
        (r"\bW ?/", "WITH "),
        (r"\b([CS]) ?/(?= ?[CKIM])", r"\1IN "),
        (r"\bCIN ", "CON "),
        (r"\b([^\W\d])[./]([^\W\d])\b(?:[./]([^\W\d])\b)?\.?", r"\1\2\3"),
        (r"\bI V\b", "IV"),
        (r"(\d),(\d)", r"\1.\2"),
        (r"['’]", ""),
        (r"\b(?:NON?|NICHT)[ -]?IONI\w*", "IODINE"),
        (r"\b(?:LOT|BATCH|BOTTLE|ITEM|SERIAL) NO\b", " "),
        (rf"\b(?:NOT|NICHT|PAS|NIET|INTE|IKKE|NIE|НЕ) {known.any_of(known.WITHOUT)}", "WITH"),
        (rf"{known.any_of(known.WITH, known.AFTER)}{_AND}*\s*{known.any_of(known.WITHOUT, known.BEFORE)}", " BOTH "),
        (
            rf"{known.any_of(known.WITHOUT, known.BEFORE)}(?: {_SIGN})?{_AND}+{known.any_of(known.WITH, known.AFTER)}|"
            rf"\bPRE[ -]*POST\b",
            " BOTH ",
        ),
        (rf"{_NOT} {_ASIDE}|\b{_ASIDE}\W+{_NOT}|{known.ASIAN_ASIDE}", " "),
        (rf"\b({_SIGN})\W+(?:N|F|0(?:\.0+)?)$", r"NO \1"),
        (rf"{known.any_of(known.BEFORE)} (?:TO )?{_EXAM}", " "),
        (r"(?<=\w )NO ?\.? ?(?=\d{3}\b)", " "),
        (r"\bN ?O ?N ?E\b", "NONE"),
        (r"(?<!\d)\.(?=\s|$)|:", " "),
        (r"[^\w\s.,;&+|]|_", " "),
        (r"\s+", " "),
    )
)


class Statement(Enum):
    """What a phrase says of an agent in the blood."""

    NO = "it was not given"
    AMOUNT = "so much was given"
    ZERO = "nothing of it was given"
    NAME = "its name"
    PLAIN = "the images are without it, or before it"
    UNKNOWN = "words we do not know"
    NOTHING = ""


def contrast_words(header: Dataset) -> str:
    """Return a sentence that quotes the words by which contrast is in the blood; "" when none say so.

    Parameters
    ----------
    header
        Header of an instance. An agent speaks before the description of the series.
    """
    return next((quoted(keyword, value) for keyword, value, decides in _statements(header) if decides(value)), "")


def _statements(header: Dataset) -> Iterator[tuple[str, str, Callable[[str], bool]]]:
    """Yield element, value, and what decides whether the value speaks of contrast."""
    if not _is_oral(folded(text(header, "ContrastBolusRoute"))):
        nothing = number(header, "ContrastBolusVolume") == 0
        yield "ContrastBolusAgent", " ".join(texts(header, "ContrastBolusAgent")), _of_nothing if nothing else is_agent
        for agent in filter(len, items(header, "ContrastBolusAgentSequence")):
            route = item(agent, "ContrastBolusAdministrationRouteSequence")
            if not _is_oral(folded(text(route, "CodeMeaning"))):
                yield "ContrastBolusAgentSequence", text(agent, "CodeMeaning") or "an agent", is_agent
        yield "SeriesDescription", text(header, "SeriesDescription"), speaks_of_contrast


@lru_cache(maxsize=512)
def is_agent(value: str) -> bool:
    """Say whether a value of Contrast/Bolus Agent says that one was given: unless it denies it, it does."""
    statements = {
        _statement(phrase.strip()) for phrase in re.split(r"[,;&+|]|\bTHEN\b|\bFOLLOWED BY\b|\bBUT\b", _settled(value))
    }
    strongest = next(statement for statement in Statement if statement in statements)
    return strongest in (Statement.AMOUNT, Statement.NAME, Statement.UNKNOWN)


@lru_cache(maxsize=512)
def speaks_of_contrast(description: str) -> bool:
    """Say whether a description says that the series shows contrast; "with and without" says it of the study only."""
    words = _settled(description)
    if _DENIED.search(words) or "BOTH" in words:
        return False
    return bool(_AFTER_OR_WITH.search(words) or (_ENHANCED.search(words) and not _NO.search(words)))


def _of_nothing(agent: str) -> bool:
    """Judge an agent of which 0 mL were given: the scanner filled in the rest of the module."""
    return is_agent(f"{agent}, 0 ML")


def _statement(phrase: str) -> Statement:
    amounts = [float(amount) for amount in _AMOUNT.findall(phrase)]
    if not phrase or _is_oral(phrase):
        return Statement.NOTHING
    if _NO.search(phrase) or _PLAIN.search(phrase):
        return Statement.PLAIN if _NAME.search(phrase) else Statement.NO
    if _BEFORE.search(phrase):
        return Statement.PLAIN
    if amounts or re.fullmatch(r"0+(\.0+)?", phrase):
        return Statement.AMOUNT if any(amounts) else Statement.ZERO
    if not _PLACEHOLDER.sub("", phrase).strip(" ."):
        return Statement.NO
    if re.search(r"\bALL?ERG|\bАЛЛЕРГ", phrase):
        return Statement.NOTHING
    return Statement.NAME if _NAME.search(phrase) else Statement.UNKNOWN


def _is_oral(phrase: str) -> bool:
    return bool(_ORAL.search(phrase)) and not _BLOOD.search(phrase)


def _settled(value: str) -> str:
    """Return a value in one spelling: ``W/O``, ``N.A.``, ``C-``, *with and without* and asides made plain words."""
    words = folded(value)
    for pattern, new in _SPELLINGS:
        words = pattern.sub(new, words)
    return words.strip(" .")
