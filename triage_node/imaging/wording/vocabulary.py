"""Words for no, before and with, by language, as `body_part.spoken` writes them: upper case, no accents, Ø as OE."""

NOT = {
    "English": "NO NOT NONE NON NIL NOTHING NEVER NEITHER NOR WITHOUT WO WITHHELD HELD ZERO NULL FALSE OFF REFUSED "
    "DECLINED DENIED OMITTED CANCELED CANCELLED ABSENT DISABLED DIDNT WASNT NOCON NOIV NOCONTRAST NONCON NONIV "
    "NONCONTRAST NOCM UNINJECTED NODATA NOTUSED NOTAPPLICABLE NOTGIVEN CONTRAINDICATED",
    "German": "KEIN KEINE KEINEN KEINEM KEINER KEINES KEINERLEI OHNE NICHT NICHTS NEIN ENTFALLT ENTFAELLT",
    "French": "AUCUN AUCUNE SANS PAS RIEN JAMAIS NEANT NI",
    "Spanish": "SIN NINGUN NINGUNO NINGUNA NADA NUNCA NUL NULO",
    "Portuguese": "SEM NENHUM NENHUMA NAO",
    "Italian": "SENZA NESSUN NESSUNO NESSUNA NIENTE NE",
    "Dutch": "GEEN ZONDER NIET NEEN NEE NIETS",
    "Swedish": "INGEN INGET INGA INGENTING UTAN EJ INTE NEJ",
    "Norwegian, Danish": "UTEN UDEN IKKE NEI INTET",
    "Finnish": "EI ILMAN",
    "Polish": "BRAK BEZ NIE ZADEN ZADNEGO ZADNYCH ZADNE NIEPODANO",
    "Czech, Slovak": "ZADNY ZADNA ZIADNA ZIADNY NENI NEBYL NEBYLA NEPODAN NEPODANA NEPODANO",
    "Hungarian": "NINCS NEM NELKUL SEMMI",
    "Romanian": "FARA NU NICI",
    "Turkish": "YOK HAYIR DEGIL KONTRASTSIZ YOKTUR VERILMEDI KULLANILMADI UYGULANMADI YAPILMADI HICBIR",
    "Serbian, Croatian, Slovene": "NEMA NIJE BREZ",
    "Russian": "НЕТ БЕЗ НЕ НИ ОТСУТСТВУЕТ БЕСКОНТРАСТНОЕ БЕСКОНТРАСТНАЯ БЕЗКОНТРАСТНОЕ",
    "Ukrainian, Bulgarian": "НЕМАЄ НІ НЯМА БЕЗКОНТРАСТНЕ",
    "Greek": "ΧΩΡΙΣ ΟΧΙ ΔΕΝ ΚΑΝΕΝΑ",
    "Catalan": "SENSE",
    "Estonian, Latvian, Lithuanian": "ILMA NAV NERA",
    "Arabic, Persian": "بدون بلا لا لم غير نداد ندارد",
    "Hebrew": "ללא לא בלי אין",
    "Indonesian, Malay": "TIDAK TANPA TIADA",
    "Vietnamese": "KHONG",
}
WITHOUT = "WITHOUT WO OHNE SANS SIN SEM SENZA ZONDER UTAN UTEN UDEN ILMAN BEZ NELKUL FARA BREZ БЕЗ ΧΩΡΙΣ"
WITH = "WITH W MIT AVEC CON COM MET MED Z CU С З ΜΕ"
BEFORE = (
    "PRE BEFORE PRIOR PRECONTRAST PREKONTRAST PRECON PREIV PREKM PREINJECTION "
    "VOR AVANT ANTES ANTE PRIMA VOOR FORE FOER ENNEN PRZED PRED ELOTT "
    "INAINTE ONCE ONCESI ДО ПЕРЕД ПРЕДИ ΠΡΙΝ"
)
AFTER = "POST AFTER POSTCONTRAST NACH APRES DESPUES DEPOIS APOS DOPO EFTER ETTER DUPA SONRA SONRASI ПОСЛЕ ПІСЛЯ ΜΕΤΑ"
AND = "AND UND ET Y E EN OG OCH I VE SI И ТА THEN FOLLOWED BY"
PLAIN = (
    "PLAIN UNENHANCED NONENHANCED NCCT NCECT NECT NONCE NATIV NATIVE NATIVO NATIVA NATIF NATYWNE NATYWNY NATYWNA "
    "NATIIVI NATIVNI NATIVNE SIMPLE SIMPLES BLANCO BASALE DIRETTA НАТИВНОЕ НАТИВНАЯ НАТИВНЫЙ"
)
PLACEHOLDERS = (
    "N NA NV ND NS NK NC NCC WOC SPC SELECT VOID MISSING CHOOSE PLEASE SMDC SKM "
    "TBD NAN EMPTY BLANK DEFAULT OTHER UNKNOWN UNSPECIFIED UNDEFINED UNSPEC NEG NEGATIVE NVT SO KA SC "
    "UNBEKANNT INCONNU DESCONOCIDO DESCONHECIDO SCONOSCIUTO ONBEKEND OKAND UKJENT UKENDT NIEZNANY BILINMIYOR "
    "ANDERE AUTRE OTRO OUTRO ALTRO НЕИЗВЕСТНО SALINE NACL"
)
# Without marks that combine, and without vowel signs: what folding leaves.
ASIAN_PLAIN = (
    "无|無|未|没|沒|不|未|平扫|平掃|単純|单纯|單純|非造影|なし|せす|ない|いいえ|造影前|增强前|"
    "없|비조영|미사용|조영 ?전|안 ?함|아니|ไม|नह"
)
ASIAN_ASIDE = (
    "(?:无|無|没有) ?(?:不良反应|不良反應|过敏|過敏|副作用|外渗)|"
    "(?:副作用|アレル\\w+|合併症|부작용|알레르기|과민반응) ?(?:は|:)? ?(?:なし|無し?|없[음다]?)"
)
ASIAN_CONTRAST = "造影|增强|增強|조영"


def any_of(*tables: str) -> str:
    """Return a pattern of any word of the tables, whole words only."""
    words = sorted({word for table in tables for word in table.split()}, key=len, reverse=True)
    return rf"\b(?:{'|'.join(words)})\b"
