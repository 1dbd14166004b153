from triage_node.database import StudyState


def state(worklist, study="1.2.3"):
    return worklist.study_details.study(study).state


def codes(worklist, study="1.2.3"):
    return [event.code for event in worklist.study_details.study(study).events]


def test_a_new_study_is_receiving(worklist, receive):
    assert receive(1, 2, 3) == 3
    study = worklist.study_details.study("1.2.3")
    assert study.state == StudyState.RECEIVING
    assert study.revision == 3
    assert [series.instance_count for series in study.series] == [3]


def test_an_instance_that_is_known_changes_nothing(worklist, receive):
    receive(1, 2)
    assert receive(1, 2) == 0
    study = worklist.study_details.study("1.2.3")
    assert (study.revision, study.series[0].instance_count) == (2, 2)


def test_other_objects_make_no_revision(worklist, receive):
    receive(1, 2)
    receive(1, series="1.2.3.9", eligible=False, modality="SR")
    study = worklist.study_details.study("1.2.3")
    assert study.revision == 2
    assert {series.modality for series in study.series} == {"", "SR"}


def test_urgency_is_never_lowered(worklist, receive):
    receive(1, urgent=True)
    receive(2, urgent=False)
    assert worklist.study_details.study("1.2.3").priority == 1


def test_late_images_reopen_a_study_that_waits_in_the_queue(worklist, receive, clock):
    receive(1, 2)
    clock.forward(21)
    worklist.study_completion.advance()
    assert state(worklist) == StudyState.READY
    receive(3)
    assert state(worklist) == StudyState.RECEIVING
    assert codes(worklist)[-1] == "late_images"


def test_a_refusal_leaves_an_event_without_a_study(worklist):
    worklist.registration.reject("instance_refused", "no UID")
    [event] = worklist.study_details.events("instance_refused")
    assert event.message == "no UID"
