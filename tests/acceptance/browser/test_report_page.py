"""A report as a page of its own, in Chromium: nothing runs or complains, nobody is shut out, a phone is wide enough."""

import io

import pytest
from browsers import DESKTOP, PHONE, serious
from ct import head_ct, save
from made_results import report_of
from pypdf import PdfReader

from triage_node.report import Form, written

HOSTILE = "<img src=x onerror=alert(1)>^<script>alert(2)</script>"


@pytest.fixture
def page_file(tmp_path):
    slices = head_ct(slices=3, size=(32, 24), PatientName=HOSTILE, StudyDescription=HOSTILE, AccessionNumber="")
    path = tmp_path / "report.html"
    path.write_bytes(written(Form.HTML, report_of(save(slices, tmp_path / "sent"))))
    return path


@pytest.mark.parametrize(("scheme", "size"), [("dark", DESKTOP), ("light", DESKTOP), ("dark", PHONE), ("light", PHONE)])
def test_the_page_shuts_nobody_out_and_runs_nothing(browser, page_file, scheme, size):
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page, complaints, asked = context.new_page(), [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert page.get_by_role("heading", level=1).inner_text() == "Suspected hemorrhage"
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate("getComputedStyle(document.querySelector('header')).borderLeftWidth") == "8px", (
        "its style is in"
    )
    assert serious(page) == []
    assert (complaints, asked) == ([], [page_file.as_uri()])
    context.close()


def test_the_page_fits_on_one_sheet_of_paper(browser, page_file):
    context = browser.new_context()
    page = context.new_page()
    page.goto(page_file.as_uri())
    printed = PdfReader(io.BytesIO(page.pdf(format="A4")))
    context.close()
    assert len(printed.pages) == 1
    assert "not for diagnosis. Read the images as always." in printed.pages[0].extract_text()
