"""Destinations are tried by the clock, and nobody is disturbed by it."""

from contextlib import suppress

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

from triage_node.delivery import Caller, check_destination
from triage_node.endpoints import Destination
from triage_node.maintenance import Echo

pytestmark = [
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
CALLER = Caller("TRIAGE", 2.0, 2.0)
DEAD = Destination(url="dicom://OFF@127.0.0.1:9", name="archive")


@pytest.fixture
def pacs():
    """A PACS that counts what it is asked."""
    asked = []
    ae = AE(ae_title="PACS")
    ae.add_supported_context(Verification)
    handlers = [(evt.EVT_C_ECHO, lambda _event: asked.append(1) or 0)]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    yield Destination(url=f"dicom://PACS@127.0.0.1:{server.server_address[1]}", name="pacs"), asked, server
    with suppress(ValueError):  # the test has shut it down
        server.shutdown()


@pytest.fixture
def make(worklist, clock):
    def make(*destinations, busy=(), stopping=()):
        check = lambda one: check_destination(one, CALLER)  # noqa: E731
        notes = worklist.upkeep_notes.note
        return Echo(lambda: destinations, check, lambda name: name in busy, notes, lambda: bool(stopping), clock)

    return make


def events(worklist):
    codes = "destination_silent", "destination_answers"
    return [event.message for code in codes for event in worklist.study_details.events(code)]


def test_what_each_destination_does_is_known_and_one_that_is_silent_wants_a_look(make, pacs, worklist, clock):
    destination, asked, server = pacs
    echo = make(destination, DEAD)
    assert echo.echoes == []
    done = echo.run()
    assert (done.wants_look, len(asked)) == (True, 1)
    assert done.sentence.startswith("1 of 2 answer; archive does not: ")
    [well, silent] = echo.echoes
    assert (well.destination, well.answers, well.at) == ("pacs", True, clock())
    assert "answers C-ECHO in" in well.words
    assert (silent.destination, silent.answers) == ("archive", False)
    echo.run()
    assert len(events(worklist)) == 1, "an outage is told once"
    server.shutdown()
    assert echo.run().sentence.startswith("0 of 2 answer; ")
    assert [message.partition(":")[0] for message in events(worklist)] == ["archive", "pacs"]


def test_one_that_a_report_is_being_sent_to_is_left_alone(make, pacs):
    destination, asked, _ = pacs
    assert make(destination, busy=("pacs",)).run().sentence == "0 of 0 answer"
    assert asked == []


def test_the_end_of_the_node_ends_it_between_two_destinations(make, pacs):
    destination, asked, _ = pacs
    make(destination, stopping=(1,)).run()
    assert asked == []
