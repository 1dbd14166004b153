"""Notices in words: ours, and those of a site's template."""

import pytest
from notices import ANN, notice

from triage_node.delivery import check_files
from triage_node.delivery.notices.notice import DISCLAIMER, NOT_ANALYZED, Occasion
from triage_node.delivery.notices.text import PLACEHOLDERS, NoticeText, headline
from triage_node.endpoints import Destination
from triage_node.errors import SettingsError


@pytest.fixture
def template(tmp_path):
    def template(content: str | bytes):
        path = tmp_path / "notice.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return template


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "Head CT flagged, suspected: subdural"),
        ({"flagged": ("any",), "uncertain": ()}, "Head CT flagged, suspected: any"),
        ({"decision": "uncertain", "flagged": ()}, "Head CT uncertain, suspected: epidural"),
        ({"decision": "not_flagged", "flagged": (), "uncertain": ()}, "Head CT not flagged by the algorithm"),
        ({"decision": NOT_ANALYZED, "flagged": (), "uncertain": ()}, "Head CT not analyzed"),
        (
            {"occasion": Occasion.UNACKNOWLEDGED, "escalated_after_minutes": 7.5},
            "Head CT flagged, suspected: subdural; not acknowledged after 7.5 min",
        ),
    ],
)
def test_a_headline_says_in_one_line_what_it_is_about(changes, line):
    assert headline(notice(**changes)) == line


def test_our_text_tells_the_result_and_the_patient_only_where_wanted():
    text = NoticeText(None, False).text(notice())
    assert "Suspected: subdural\n" in text
    assert "epidural 25%" in text
    assert text.rstrip().endswith(DISCLAIMER)
    assert "Patient" not in text
    assert "Patient: Other Ann M Dr Jr, ID PAT-1, born 1970-01-02, sex F" in NoticeText(None, True).text(notice(ANN))
    assert "Study of: 2026-01-02 03:04, CT Head" in NoticeText(None, True).text(notice(ANN))


def test_a_template_of_a_site_is_filled_and_keeps_the_disclaimer(template):
    path = template("Blutung? $decision für ${patient_name}: $$5, $link\n")
    text = NoticeText(path, True).text(notice(ANN))
    assert text == (
        f"Blutung? flagged für Other Ann M Dr Jr: $5, https://triage.example/studies/1.2.3\n\n{DISCLAIMER}\n"
    )
    again = NoticeText(template("$disclaimer $headline"), False).text(notice())
    assert again.count(DISCLAIMER) == 1


def test_what_stands_in_a_value_is_no_template(template):
    ann = notice(ANN, model="$secret_file ${node}")
    assert "$secret_file ${node}" in NoticeText(template("$model"), True).text(ann)


def test_every_placeholder_can_be_used(template):
    everything = "\n".join(f"${name}" for names in PLACEHOLDERS for name in sorted(names))
    assert "$" not in NoticeText(template(everything), True).text(notice(ANN))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("$patient", r"has \$patient; there are accession_number, decision, disclaimer"),
        ("costs $5", r"has a \$ that begins no placeholder; a dollar sign is written \$\$"),
        ("$patient_name", r"has \$patient_name, which wants patient_data = true"),
        (b"\xff\xfe", "is no text in UTF-8"),
        ("x" * 70_000, "is larger than 64 KiB"),
    ],
)
def test_a_template_that_cannot_be_used_is_named_before_the_first_notice(template, content, sentence):
    destination = Destination(
        url="smtps://h", mail_from="a@b.c", mail_to=["d@e.f"], template=template(content), patient_data=False
    )
    with pytest.raises(SettingsError, match=sentence):
        check_files(destination)


def test_a_template_that_is_missing_is_named(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        NoticeText(tmp_path / "none.txt", False)
