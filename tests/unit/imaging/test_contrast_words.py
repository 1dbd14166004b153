"""Contrast by the words of a header: who denies it, in whatever language, is believed; who names it, too."""

import ct
import pytest
from ct_series import TODAY, in_memory
from pydicom import Dataset

from triage_node.imaging import Policy
from triage_node.imaging.suitability import suitability_reasons
from triage_node.imaging.wording.contrast import contrast_words

NO_AGENT = [
    "N O N E",
    "NC",
    "s/mdc",
    "YOKTUR",
    "不增强",
    "ללא חומר ניגוד",
    "بدون تباين",
    "ไม่ฉีดสี",
    "không tiêm",
    "tanpa kontras",
    "नहीं",
    "造影剤は使用せず",
    "NotApplicable",
    "contraindicated",
    "sense contrast",
    "w/out contrast",
    "ante contraste",
    "___",
    "SC",
    "没有",
    "kontrast verilmedi",
    "kein i.v. KM",
    "IV: NO / PO: NO",
    "NONE/NONE",
    "Omnipaque 350 (0 ml)",
    "N/A - NON CONTRAST",
    "sans iode",
    "bez kontr.",
    "NO",
    "NONE",
    "NIL",
    "KEIN",
    "ohne KM",
    "NON",
    "NULL",
    "AUCUN",
    "NINGUNO",
    "NOT GIVEN",
    "No.",
    "Without Contrast",
    "0 ml",
    "0",
    "0.0 cc",
    "0,0 ml",
    "0ml",
    "000",
    "--",
    "-",
    "?",
    "...",
    "N.A.",
    "N/A",
    "n/a",
    "S/C",
    "S/ CONTRASTE",
    "NOCONTRAST",
    "NO IV CONTRAST",
    "Aucun produit",
    "FALSE",
    "GEEN",
    "UNSPECIFIED",
    "OTHER",
    "UNKNOWN",
    "Plain Scan",
    "w/o Contrast",
    "None given",
    "no i.v. contrast",
    "W/O",
    "WO",
    "WO CONTRAST",
    "NON CE",
    "NON-CE",
    "NON CON",
    "NON-CONTRAST",
    "NATIV",
    "SANS INJECTION",
    "PRE CONTRAST",
    "BEFORE CONTRAST",
    "PRE-KM",
    "PRE",
    "UNENHANCED",
    "KM: nein",
    "CONTRAST: N",
    "IV CONTRAST: NO",
    "CONTRAST=0",
    "C-",
    "KM -",
    "IV-",
    "pas d'injection",
    "n'a pas été injecté",
    "sin contraste",
    "sem contraste",
    "senza mdc",
    "senza m.d.c.",
    "nessuno",
    "nenhum",
    "não",
    "zonder contrast",
    "utan kontrast",
    "uten kontrast",
    "uden kontrast",
    "ingen",
    "bez kontrastu",
    "brak",
    "kontrastsız",
    "yok",
    "без контраста",
    "нет",
    "до контраста",
    "НЕ ВВОДИЛСЯ",
    "no se administró",
    "contrast not given",
    "OMNIPAQUE NOT GIVEN",
    "OMNIPAQUE 0 ML",
    "OMNIPAQUE 350, 0 ml",
    "OMNIPAQUE 350 0 ml",
    "NO OMNIPAQUE",
    "NO IV CONTRAST, ORAL CONTRAST",
    "ORAL CONTRAST",
    "patient refused",
    "CONTRAST REFUSED",
    "无",
    "未使用造影剂",
    "造影なし",
    "없음",
    "<none>",
    "(null)",
    "#N/A",
    "[NONE]",
    "NONE, NONE",
    "no contrast used",
    "No contrast administered due to allergy",
    "før kontrast",
    "före kontrast",
    "vor Kontrastmittel",
    "avant injection",
    "antes del contraste",
    "prima del contrasto",
    "przed kontrastem",
    "kontrast öncesi",
    "nativní",
    "kein Kontrastmittel",
    "keine KM-Gabe",
    "Nicht verabreicht",
    "entfällt",
    "NEGATIVE",
    "nil given",
    "not used",
    "NOT APPLICABLE",
    "zero",
    "Nothing",
    "NO CONTRAST NONE GIVEN",
    "UNKNOWN/NONE",
    "NaN",
    "null ml",
    "NO DYE",
    "Contraste: no",
    "NO CONTRAST AGENT",
    "WITHOUT IV OR ORAL CONTRAST",
    "NO ORAL OR IV CONTRAST",
    "HYPAQUE NOT GIVEN",
]
AGENT = [
    "Omnipaque no. 350",
    "OMNIPAQUE NO 300",
    "Contrast before scan",
    "Omnipaque 100 ml prior to the scan",
    "Ultravist vor Untersuchung",
    "碘海醇 无不良反应",
    "イオパミロン 副作用なし",
    "옴니파크 부작용 없음",
    "tak",
    "POST-CONTRAST",
    "WITHOUT AND WITH",
    "w/ & w/o",
    "iohexol 350 mgI/ml",
    "75",
    "Optiray 320; 80 mL; no adverse reaction",
    "NO PRIOR REACTION ISOVUE 370",
    "50ML ISOVUE; NO KNOWN ALLERGIES",
    "OMNIPAQUE 350",
    "CONTRAST",
    "POST CONTRAST",
    "WITH AND WITHOUT",
    "IV",
    "Y",
    "YES",
    "100 ml",
    "100",
    "Ultravist 370",
    "ISOVUE-370",
    "NO ALLERGY, OMNIPAQUE 100 ML",
    "NO ALLERGY OMNIPAQUE 100 ML",
    "No known allergies. Omnipaque 350",
    "OMNIPAQUE 350 NO REACTION",
    "NON-IONIC",
    "NONIONIC CONTRAST 100 ML",
    "Non ionic iodinated",
    "not without contrast",
    "nicht ohne KM",
    "W/WO",
    "with & without contrast",
    "mit und ohne KM",
    "con y sin contraste",
    "avec et sans injection",
    "PRE AND POST CONTRAST",
    "pre/post",
    "C+",
    "KM+",
    "0 ML ORAL, 100 ML IV",
    "OMNIPAQUE 50ML + SALINE 0 ML",
    "XENETIX 300",
    "APPLIED",
    "CE",
    "Iomeron 400",
    "Iodine",
    "I.V.",
    "i.v. Kontrastmittel",
    "OMNIPAQUE LOT NO 12345",
    "ОМНИПАК 350",
    "造影剂",
    "IOTHALAMATE NA",
    "Jopamiron 370",
    "ALLERGIES: NONE, OMNIPAQUE 100 ML",
    "JA",
    "OUI",
    "SI",
    "без аллергии, омнипак 100 мл",
    "0.5 ml",
    "Visipaque 320 10 ml",
    "OMNIPAQUE 300 MG/ML",
    "Omnipaque300",
    "IODINATED CONTRAST",
    "X",
]
PLAIN_SERIES = [
    "antes del contraste",
    "prima del contrasto",
    "before the contrast",
    "EDGE ENHANCED",
    "brain W",
    "AX HEAD + C SPINE",
    "HEAD +C-SPINE",
    "HEAD WITH C-SPINE",
    "HEAD W/ C SPINE",
    "HEAD/C-SPINE TRAUMA",
    "HEAD 5mm",
    "HEAD W/O CONTRAST",
    "Head WO",
    "NON-CONTRAST HEAD",
    "HEAD C-",
    "HEAD C-SPINE",
    "NCCT",
    "pre angio native",
    "HEAD PRE CONTRAST",
    "HEAD BEFORE CONTRAST",
    "PRE-KM",
    "HEAD NO IV CONTRAST",
    "BRAIN W/WO",
    "HEAD WITH AND WITHOUT CONTRAST",
    "CRANE SANS IV",
    "Kopf vor KM",
    "Kopf ohne KM",
    "BRAIN WITHOUT IV CONTRAST",
    "STROKE NON CON",
    "CEREBRO SIN CONTRASTE",
    "Cerebro s/ contraste",
    "crâne sans injection",
    "Schädel nativ vor Kontrast",
    "HEAD PRE C",
    "HEAD C+/-",
    "CABEZA SIMPLE",
    "head unenhanced",
    "cranio senza mdc",
    "beyin kontrastsız",
    "голова без контраста",
    "głowa bez kontrastu",
    "PRE CON",
    "precontrast head",
    "HEAD NON-ENHANCED",
    "AXIAL KONTRASTSIZ",
    "头部平扫",
    "HEAD NONCONTRAST",
    "CT HEAD CONTRAST NONE",
    "",
    "without contrast",
    "nativ",
    "sin contraste",
]
CONTRAST_SERIES = [
    "HEAD W",
    "CT HEAD ENHANCED",
    "CRANE INJECTE",
    "артериальная фаза",
    "HEAD C+",
    "+C 5mm",
    "POST CONTRAST",
    "CTA HEAD",
    "Angio 0.75",
    "Kopf KM",
    "HEAD W CONTRAST",
    "HEAD WITH CONTRAST",
    "HEAD W/ CONTRAST",
    "HEAD POST CONTRAST NO TILT",
    "CTA HEAD NO DELAY",
    "Kopf nach KM",
    "mit KM",
    "con contraste",
    "avec contraste",
    "HEAD CONTRAST",
    "po kontraście",
    "kontrastlı",
    "с контрастом",
    "头部增强",
    "HEAD  5.0  C+",
    "NOT WITHOUT CONTRAST",
    "HEAD PERFUSION BASE",
]


def header(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("agent", NO_AGENT)
def test_an_agent_that_is_denied_is_none_in_any_language(agent):
    assert contrast_words(header(ContrastBolusAgent=agent)) == ""


@pytest.mark.parametrize("agent", AGENT)
def test_an_agent_that_is_named_is_contrast_whatever_else_is_denied(agent):
    assert contrast_words(header(ContrastBolusAgent=agent, SeriesDescription="HEAD W/O")) != ""


@pytest.mark.parametrize("description", PLAIN_SERIES)
def test_descriptions_without_contrast(description):
    assert contrast_words(header(SeriesDescription=description)) == ""


@pytest.mark.parametrize("description", CONTRAST_SERIES)
def test_descriptions_of_contrast(description):
    assert contrast_words(header(SeriesDescription=description)) != ""


def test_a_study_of_both_says_nothing_of_the_series():
    both = {"StudyDescription": "CT HEAD WITH AND WITHOUT CONTRAST"}
    assert contrast_words(header(SeriesDescription="HEAD BEFORE CONTRAST", **both)) == ""
    assert contrast_words(header(SeriesDescription="HEAD 5mm", **both)) == ""


def test_an_amount_of_0_beside_the_agent_is_none_given():
    assert contrast_words(header(ContrastBolusAgent="OMNIPAQUE 350", ContrastBolusVolume="0")) == ""
    assert contrast_words(header(ContrastBolusAgent="OMNIPAQUE 350", ContrastBolusVolume="80")) != ""
    assert contrast_words(header(ContrastBolusAgent="OMNIPAQUE 100 ML", ContrastBolusVolume="0")) != ""


@pytest.mark.parametrize("route", ["ORAL", "Rectal", "per os", "PO"])
def test_contrast_in_the_bowel_is_not_in_the_brain(route):
    assert contrast_words(header(ContrastBolusAgent="GASTROGRAFIN", ContrastBolusRoute=route)) == ""
    assert contrast_words(header(ContrastBolusAgent="OMNIPAQUE", ContrastBolusRoute=f"{route} AND IV")) != ""


def test_an_agent_sequence_is_contrast_unless_it_names_none():
    assert contrast_words(header(ContrastBolusAgentSequence=[header(CodeMeaning="Iohexol")])) != ""
    assert contrast_words(header(ContrastBolusAgentSequence=[header(CodeValue="1")])) != ""
    assert contrast_words(header(ContrastBolusAgentSequence=[header(CodeMeaning="No contrast")])) == ""
    assert contrast_words(header(ContrastBolusAgentSequence=[])) == ""


def test_the_reason_quotes_the_words_it_believed():
    series = in_memory(ct.head_ct(slices=30, ContrastBolusAgent="Omnipaque\x07 350"))
    (reason,) = suitability_reasons(series, Policy(), TODAY)
    assert reason.message == 'The series was acquired with contrast. ContrastBolusAgent: "Omnipaque 350".'
    series = in_memory(ct.head_ct(slices=30, SeriesDescription="CHEST 5mm"))
    (reason,) = suitability_reasons(series, Policy(), TODAY)
    assert reason.message == 'The series does not show a head. SeriesDescription: "CHEST 5mm".'
