"""What the words of a header say of the part of the body, in the languages of the scanners we know of."""

import re
import unicodedata
from collections.abc import Iterator

from pydicom import Dataset

from triage_node.imaging.header import item, text

_HEAD = re.compile(
    r"\b(HEAD|HEADNECK|BRAIN|SKULL|CRANI\w*|CRANE|CEREBR\w*|ENCEPHAL\w*|ENCEFAL\w*|KOPF|SCHADEL|SCHAEDEL|CCT|CTH|"
    r"TETE|CERVEAU|TESTA|CERVELLO|CABEZA|CABECA|HOOFD|HERSENEN|HUVUD|HJARN\w*|HODE|HJERNE|PAAN?|AIVO\w*|GLOW[AY]|MOZGU?|"
    r"HLAV[AY]|MOZ(?:EK|KU)|KOPONYA|AGY|CREIER|BEYIN|KRANI\w*|HIRN|GEHIRN|KEPALA|SO NAO|NEURO|STROKE|POSTERIOR FOSSA|"
    r"HEAD(?:ROUTINE|SEQ|SPI|SPIRAL|TRAUMA)|POST FOSSA|ГОЛОВ\w*|МОЗГ\w*|ЧЕРЕП\w*|ΚΕΦΑΛ\w*|ΕΓΚΕΦΑΛ\w*|ΚΡΑΝΙ\w*|"
    r"ראש|מוח|راس|الراس|الدماغ|دماغ)\b|"
    r"[头頭颅顱脑腦脳뇌]|두부|머리"
)
_OTHER_PART = re.compile(
    r"\b(CHEST|THORA\w*|TORAX|LUNGS?|PULMON\w*|ABD|ABDO\w*|PELV\w*|BECKEN|LIVER|HEPAT\w*|RENAL|KIDNEYS?|KUB|"
    r"CARDIA\w*|HEART|HERZ|CORONAR\w*|AORTA|COLON\w*|CAP|TAP|SPINE|[CTL] ?SPINE|CERVICAL\w*|LUMBAR\w*|SACR\w*|[HBL]WS|"
    r"NECK|HALS|CAROTI\w*|LARYNX|SHOULDER|SCHULTER|HUMERUS|ELBOW|FOREARM|WRIST|HAND|HIP|FEMUR|KNEE|KNIE|TIBIA|LEG|"
    r"ANKLE|FOOT|FUSS|EXTREMIT\w*|SINUS(ES)?|PARANASAL\w*|NNH|PNS|ORBITS?|ORBITA|MANDIB\w*|MAXILL\w*|DENTAL|"
    r"FACE|FACIAL|TEMPORAL BONES?|IAC|PETROUS|FELSENBEIN|MASTOID\w*)\b"
)
_MOST_QUOTED = 64
# Letters that are no letter with an accent.
_LETTERS = str.maketrans({"Ø": "OE", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "–": "-", "—": "-", "−": "-"})


def other_part_words(header: Dataset) -> str:
    """Return a sentence that quotes the words by which another part of the body than the head is shown; "" without.

    The nearest words decide: the series' description before protocol, body part and study, and any word for the head
    outweighs the others beside it. A study that a person calls one of the head, and of nothing else, outweighs the body
    part, which many scanners fill in by themselves. Words we do not know decide nothing.
    """
    study = _words(text(header, "StudyDescription"))
    is_head_study = bool(_HEAD.search(study)) and not _OTHER_PART.search(study)
    for keyword, value, by_machine in _descriptions(header):
        words = _words(value)
        if _HEAD.search(words):
            return ""
        if _OTHER_PART.search(words) and not (by_machine and is_head_study):
            return quoted(keyword, value)
    return ""


def _descriptions(header: Dataset) -> Iterator[tuple[str, str, bool]]:
    """Yield element, value, and whether a scanner fills it in, from the nearest words to the farthest."""
    region = text(item(header, "AnatomicRegionSequence"), "CodeMeaning")
    yield "SeriesDescription", text(header, "SeriesDescription"), False
    yield "ProtocolName", text(header, "ProtocolName"), False
    yield "BodyPartExamined", text(header, "BodyPartExamined"), True
    yield "AnatomicRegionSequence", region, True
    yield "StudyDescription", text(header, "StudyDescription"), False


def quoted(keyword: str, value: str) -> str:
    """Return a sentence that quotes an element, without control characters and no longer than a line."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in value).split())
    return f'{keyword}: "{shown[:_MOST_QUOTED]}".'


def folded(value: str) -> str:
    """Return text in upper case without accents, one kind of dash, and full-width characters as usual ones."""
    apart = unicodedata.normalize("NFKD", value.upper()).upper()
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


def _words(value: str) -> str:
    """Return the words in upper case, without accents, parted by single spaces."""
    return re.sub(r"[\W_]+", " ", folded(value)).strip()
