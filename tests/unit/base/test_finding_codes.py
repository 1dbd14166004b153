"""A site's own codes for findings: in reports as set, or refused in a sentence."""

import json

import pytest

from triage_node.config import Settings, read_settings
from triage_node.errors import SettingsError
from triage_node.findings import Label

GIVEN = """
[finding_codes]
epidural = '(E-1, 99SITE, "Epidural hematoma, any age")'
[finding_codes.any]
finding = '(ICH, 99SITE, "Bleed")'
site = '(12738006, SCT, "Brain")'
"""


@pytest.fixture
def settings_of(tmp_path):
    def read(text: str) -> Settings:
        file = tmp_path / "triage-node.toml"
        file.write_text(text)
        return read_settings(file)

    return read


def test_a_site_sets_codes_and_the_worker_gets_them(settings_of):
    settings = settings_of(GIVEN)
    assert str(settings.finding_codes[Label.EPIDURAL].finding) == '(E-1, 99SITE, "Epidural hematoma, any age")'
    assert str(settings.finding_codes[Label.ANY].site) == '(12738006, SCT, "Brain")'
    assert Settings(**json.loads(settings.model_dump_json())).finding_codes == settings.finding_codes


REFUSED = {
    "unknown label": ("[finding_codes]\nsubgaleal = '(1, SCT, \"X\")'", "'subgaleal' is none of the labels epidural"),
    "other notation": ("[finding_codes]\nany = '1386000'", "any must be like (21454007, SCT"),
    "too long": ("[finding_codes]\nany = '(12345678901234567, SCT, \"X\")'", "more than 16 characters"),
    "a code of absence": ("[finding_codes]\nany = '(272519000, SCT, \"X\")'", "no triage device does"),
    "other letters": ("[finding_codes]\nany = '(1, SCT, \"Hémorragie\")'", "printable ASCII"),
    "the code of another": (
        "[finding_codes]\nany = '(21454007, SCT, \"X\")'",
        "subarachnoid and any have the same code",
    ),
    "a site alone": ("[finding_codes.any]\nsite = '(1, SCT, \"X\")'", "a site and no finding"),
    "another key": ("[finding_codes.any]\nplace = '(1, SCT, \"X\")'", "any has no 'place'"),
    "no table": ("finding_codes = 'x'", "must be a table"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_make_reports_wrong_is_refused_in_a_sentence(name, settings_of):
    text, words = REFUSED[name]
    with pytest.raises(SettingsError, match=r"^finding_codes: ") as refusal:
        settings_of(text)
    assert words in str(refusal.value)
