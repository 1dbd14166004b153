import threading

import pytest


def watch(worklist, marker):
    answer = worklist.study_lists.changes_since(marker)
    assert not answer.more
    return [study.study_instance_uid for study in answer.studies], answer.marker


def test_whoever_watches_is_told_of_each_change_once(worklist, receive, analyze, clock):
    marker = worklist.study_lists.marker()
    receive(1, study="1.2.9", series="1.2.9.1")
    changed, marker = watch(worklist, marker)
    assert changed == ["1.2.9"]
    receive(2, study="1.2.9", series="1.2.9.1")
    assert watch(worklist, marker) == ([], marker), "one more image changes nothing that is shown live"
    analyze_two = ["1.2.9", "1.2.3"]
    clock.forward(61)
    worklist.study_completion.advance()
    receive(1, study="1.2.3")
    changed, marker = watch(worklist, marker)
    assert changed == analyze_two
    worklist.reader_actions.acknowledge("1.2.3", "anna")
    changed, marker = watch(worklist, marker)
    assert changed == ["1.2.3"]
    assert watch(worklist, marker) == ([], marker)


def test_a_delivery_is_a_change_too(worklist, analyze):
    analyze("1.2.3")
    marker = worklist.study_lists.marker()
    worklist.outbox.delivered(worklist.outbox.claim_next("A@h:1"), "stored")
    assert watch(worklist, marker)[0] == ["1.2.3"]


def test_many_changes_come_in_parts(worklist, receive):
    for number in range(5):
        receive(1, study=f"1.{number}", series=f"1.{number}.1")
    seen, marker, more = [], 0, True
    while more:
        answer = worklist.study_lists.changes_since(marker, limit=2)
        seen += [study.study_instance_uid for study in answer.studies]
        marker, more = answer.marker, answer.more
    assert seen == [f"1.{number}" for number in range(5)]


@pytest.mark.slow
def test_no_change_is_missed_while_many_write(worklist, receive):
    """Markers become visible in their order, also when transactions overlap."""
    uids = {f"1.{writer}.{number}" for writer in range(4) for number in range(10)}
    failures: list[Exception] = []

    def write(writer: int) -> None:
        try:
            for number in range(10):
                receive(1, study=f"1.{writer}.{number}", series=f"1.{writer}.{number}.1")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    seen, marker = [], 0
    while any(thread.is_alive() for thread in threads):
        answer = worklist.study_lists.changes_since(marker)
        seen, marker = seen + answer.studies, answer.marker
    for thread in threads:
        thread.join()
    seen += worklist.study_lists.changes_since(marker).studies
    assert not failures
    assert sorted(study.study_instance_uid for study in seen) == sorted(uids)
