from datetime import date

import pytest

from triage_node.findings import LABELS, Decision, Label

NO_TYPES = dict.fromkeys(LABELS[:-1], False)


@pytest.fixture
def judge(worklist):
    def judge(uid, agrees, types=()):
        worklist.reader_actions.give_verdict(uid, agrees, types, "reader ray")

    return judge


def test_a_study_that_nobody_judged_is_not_among_them(worklist, analyze, judge):
    analyze("1.2.1", Decision.NOT_FLAGGED)
    analyze("1.2.2", Decision.NOT_FLAGGED)
    analyze("1.2.3", None)
    judge("1.2.2", agrees=True)
    found = worklist.judged_studies.feedback()
    assert [study.study_instance_uid for study in found.studies] == ["1.2.2"]
    assert found.studies[0].labels == NO_TYPES | {Label.ANY: False}
    assert (found.analyzed, found.judged) == ({"not_flagged": 2}, {"not_flagged": 1})


def test_the_last_word_counts_also_where_an_earlier_outcome_was_judged(worklist, analyze, judge, clock):
    analyze("1.2.1")
    judge("1.2.1", agrees=False)
    clock.forward(10)
    judge("1.2.1", agrees=True)
    found = worklist.judged_studies.feedback()
    assert [study.labels[Label.ANY] for study in found.studies] == [True]
    assert found.studies[0].labels[Label.SUBDURAL] is True
    assert found.repeated == 1


@pytest.mark.parametrize(
    ("decision", "agrees", "types", "labels"),
    [
        (Decision.FLAGGED, True, (), NO_TYPES | {"subdural": True, "any": True}),
        (Decision.FLAGGED, False, (), NO_TYPES | {"any": False}),
        (Decision.FLAGGED, True, ("epidural",), NO_TYPES | {"epidural": True, "any": True}),
        (Decision.NOT_FLAGGED, True, (), NO_TYPES | {"any": False}),
        (Decision.NOT_FLAGGED, False, (), dict.fromkeys(LABELS[:-1]) | {"any": True}),
        (Decision.NOT_FLAGGED, False, ("epidural",), NO_TYPES | {"epidural": True, "any": True}),
        (Decision.UNCERTAIN, True, (), dict.fromkeys(LABELS[:-1]) | {"any": True}),
        (Decision.UNCERTAIN, False, (), NO_TYPES | {"any": False}),
    ],
)
def test_labels_are_what_the_reader_said(worklist, analyze, judge, decision, agrees, types, labels):
    analyze("1.2.1", decision)
    judge("1.2.1", agrees, types)
    [study] = worklist.judged_studies.feedback().studies
    assert study.labels == labels
    assert study.agrees is agrees


def test_further_images_take_the_word_back(worklist, analyze, judge, receive):
    analyze("1.2.1")
    judge("1.2.1", agrees=True)
    receive(3, study="1.2.1", series="1.2.1.1")
    found = worklist.judged_studies.feedback()
    assert (list(found.studies), found.outdated) == ([], 1)


def test_only_what_was_said_from_a_day_on(worklist, analyze, judge, clock):
    analyze("1.2.1")
    judge("1.2.1", agrees=True)
    day = date.fromtimestamp(clock())
    assert len(worklist.judged_studies.feedback(day).studies) == 1
    assert worklist.judged_studies.feedback(day.replace(year=day.year + 1)).studies == []


def test_a_study_without_a_patient_id_is_a_patient_of_its_own(worklist, analyze, judge):
    analyze("1.2.1", patient_id="")
    analyze("1.2.2", patient_id=" P7 ")
    judge("1.2.1", agrees=True)
    judge("1.2.2", agrees=True)
    assert [study.patient for study in worklist.judged_studies.feedback().studies] == ["1.2.1", "P7"]
