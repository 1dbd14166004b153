"""What an administrator does on the phone: who sends, and does a destination answer."""

import pytest


@pytest.fixture
def page(open_screen):
    return open_screen("ada").page


def test_who_has_sent_is_told_by_the_node_itself(page, ward):
    page.goto("/admin/senders?who=127.0.0.1")
    row = page.locator("tbody tr").first
    assert "127.0.0.1" in row.inner_text()
    instances = row.locator("td").nth(2).inner_text()
    assert int(instances.replace(",", "")) > 40
    page.goto("/admin/senders?who=CT9")
    page.get_by_text("Nothing of CT9 has reached this node").wait_for()


def test_an_echo_is_answered_on_the_page_and_loading_it_again_repeats_nothing(page, ward, wait_for):
    def actions():
        return [one.action for one in ward.node.worklist.audit_trail.latest(200, user_name="ada")]

    page.goto("/admin")
    before = actions().count("destination_echoed")
    page.get_by_role("button", name="Echo STORESCP").click()
    wait_for(lambda: actions().count("destination_echoed") == before + 1, "the echo")
    page.locator("#answer").get_by_text("cannot be reached").wait_for()
    page.reload()
    page.locator("#answer").get_by_text("cannot be reached").wait_for()
    assert actions().count("destination_echoed") == before + 1


def test_a_test_report_takes_two_clicks(page, ward, wait_for):
    trail = ward.node.worklist.audit_trail
    page.goto("/admin")
    page.get_by_label("Send test: STORESCP").click()
    assert "test_report_sent" not in [one.action for one in trail.latest(20, user_name="ada")]
    page.get_by_role("button", name="Yes, send a test report").click()
    # The answer to an echo may still be there, with the same words.
    wait_for(lambda: "test_report_sent" in [one.action for one in trail.latest(20, user_name="ada")], "the test report")
    page.locator("#answer").get_by_text("cannot be reached").wait_for()


def test_the_state_of_a_destination_is_kept_up_to_date_and_a_question_on_the_page_stays(page, ward, wait_for):
    page.clock.install()
    page.goto("/admin")
    page.get_by_label("Send test: STORESCP").click()
    page.evaluate("document.getElementById('destination-1').dataset.old = 'yes'")
    page.clock.fast_forward(16_000)
    wait_for(
        lambda: page.evaluate("document.getElementById('destination-1').dataset.old === undefined"), "another state"
    )
    assert "way" in page.locator("#destination-1").inner_text()
    assert page.get_by_role("button", name="Yes, send a test report").is_visible()
