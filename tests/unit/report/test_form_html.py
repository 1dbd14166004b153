"""The HTML page: all that is said, escaped, alone, and readable by those who see less."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from triage_node.report import SourceNames, build_report, content_policy, readable
from triage_node.report.forms.html import as_html
from triage_node.report.forms.sheet import sheet


class Page(HTMLParser):
    """What is on the page: tags, attributes and the text that people see."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self.style, self._open = set(), set(), "", "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self._open.append(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text += data

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass


def test_it_says_all_that_the_sheet_says(content):
    read = readable(build_report(content), SourceNames.of(content.sources), 2)
    shown, page = Page(as_html(read)).text, sheet(read)
    facts = [fact for section in (page.patient, *page.sections) for fact in section.facts]
    cells = [cell for row in page.rows for cell in row.cells]
    for text in (page.headline, page.sentence, page.disclaimer, *cells, *(text for fact in facts for text in fact)):
        assert text in shown


def test_nothing_in_it_runs_or_loads(content):
    page = Page(as_html(readable(build_report(content))))
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "p", "dl", "dt",
        "dd", "bdi", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "scope"}
    assert "url(" not in page.style
    assert "@import" not in page.style


def test_its_policy_is_for_its_own_style(flagged):
    page = Page(as_html(readable(build_report(flagged))))
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in content_policy()
    assert content_policy().startswith("default-src 'none'")


def test_hostile_values_are_text(flagged, make_source):
    hostile = "<script>alert(1)</script>\"'&{{ 1 }}"
    source = make_source(1, PatientName=hostile, StudyDescription=hostile, AccessionNumber="<b>")
    html = as_html(readable(build_report(replace(flagged, sources=(source,)))))
    page = Page(html)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert hostile in page.text
    assert re.search(r"<script", html) is None


def test_names_keep_their_direction_to_themselves(flagged, make_source):
    source = make_source(1, PatientName="שרון^דבורה", SpecificCharacterSet="ISO_IR 192")
    html = as_html(readable(build_report(replace(flagged, sources=(source,)))))
    assert "<bdi>שרון, דבורה</bdi>" in html
