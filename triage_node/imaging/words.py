"""What the words of a header say of body part and contrast, in the languages of the scanners we know of."""

import re
import unicodedata

from pydicom import Dataset

from triage_node.imaging.header import item, items, text, texts

_HEAD = re.compile(
    r"\b(HEAD|HEADNECK|BRAIN|SKULL|CRANI\w*|CRANE|CEREBR\w*|ENCEPHAL\w*|ENCEFAL\w*|KOPF|SCHADEL|SCHAEDEL|CCT|CTH|"
    r"TETE|TESTA|CABEZA|CABECA|HOOFD|HERSENEN|HUVUD|HODE|HJERNE|GLOWA|STROKE|POSTERIOR FOSSA|POST FOSSA)\b"
)
_OTHER_PART = re.compile(
    r"\b(CHEST|THORA\w*|TORAX|LUNGS?|PULMON\w*|ABD|ABDO\w*|PELV\w*|BECKEN|LIVER|HEPAT\w*|RENAL|KIDNEYS?|KUB|"
    r"CARDIA\w*|HEART|HERZ|CORONAR\w*|AORTA|COLON\w*|CAP|TAP|SPINE|[CTL] ?SPINE|CERVICAL\w*|LUMBAR\w*|SACR\w*|[HBL]WS|"
    r"NECK|HALS|CAROTI\w*|LARYNX|SHOULDER|SCHULTER|HUMERUS|ELBOW|FOREARM|WRIST|HAND|HIP|FEMUR|KNEE|KNIE|TIBIA|LEG|"
    r"ANKLE|FOOT|FUSS|EXTREMIT\w*|SINUS(ES)?|PARANASAL\w*|NNH|PNS|ORBITS?|ORBITA|MANDIB\w*|MAXILL\w*|DENTAL|"
    r"FACE|FACIAL|TEMPORAL BONES?|IAC|PETROUS|FELSENBEIN|MASTOID\w*)\b"
)
_PLAIN = re.compile(
    r"(\b(W ?O|WITHOUT|NON ?CON\w*|NO CON\w*|NON ?ENH\w*|UNENH\w*|PLAIN|NATIVE?|OHNE|SANS|SIN|SENZA|NECT|NCCT)\b)|"
    r"((^|[\s(])C-($|[\s)]))"
)
_ENHANCED = re.compile(
    r"(\b(CONTRAST\w*|(WITH|W) (CON\w*|IV)|POST ?CON\w*|CECT|CTA|CTV|CTP|ANGIO\w*|VENO(US|GRA\w*)|ARTERIAL|PERFUSI\w*|"
    r"BOLUS|KM)\b)|((^|[\s(])(C\+|\+C)($|[\s)]))"
)
_NO_AGENT = frozenset({"", "NO", "NONE", "N", "NA", "N/A", "0", "-", "NIL", "UNKNOWN"})
_NOT_IN_BLOOD = frozenset({"ORAL", "RECTAL", "PO", "ENTERAL"})


def names_other_part(header: Dataset) -> bool:
    """Say whether the words clearly name another part of the body than the head.

    The nearest words decide: the series' description before protocol, body part and study, and any word for the
    head outweighs the others beside it. Words we do not know decide nothing.
    """
    anatomy = text(item(header, "AnatomicRegionSequence"), "CodeMeaning")
    keywords = ("SeriesDescription", "ProtocolName", "BodyPartExamined")
    for words in (*(text(header, keyword) for keyword in keywords), anatomy, text(header, "StudyDescription")):
        spoken = _words(words)
        if _HEAD.search(spoken):
            return False
        if _OTHER_PART.search(spoken):
            return True
    return False


def names_contrast(header: Dataset) -> bool:
    """Say whether an agent in the blood is named, or the series' description speaks of contrast (PS3.3 C.7.6.4)."""
    if text(header, "ContrastBolusRoute").upper() in _NOT_IN_BLOOD:
        return False
    agent = " ".join(texts(header, "ContrastBolusAgent")).upper()
    if agent not in _NO_AGENT and not _PLAIN.search(_words(agent)):
        return True
    return bool(items(header, "ContrastBolusAgentSequence")) or _speaks_of_contrast(text(header, "SeriesDescription"))


def _speaks_of_contrast(description: str) -> bool:
    shouted = description.upper()
    if _PLAIN.search(_words(shouted)) or _PLAIN.search(shouted):
        return False
    return bool(_ENHANCED.search(_words(shouted)) or _ENHANCED.search(shouted))


def _words(value: str) -> str:
    """Return the words in upper case, without accents, parted by single spaces."""
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", " ", plain.upper()).strip()
