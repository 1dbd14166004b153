"""What a node counts: its own, by words of fixed lists only."""

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from triage_node.findings import Decision
from triage_node.instrumentation import AssociationRefusal, DeliveryResult, FinishedAnalysis, Instruments
from triage_node.outcome import Status


def samples(instruments: Instruments) -> dict[tuple[str, str], float]:
    """Return the values of all series by name and the value of their labels."""
    families = text_string_to_metric_families(generate_latest(instruments.registry).decode())
    return {
        (sample.name, ",".join(value for key, value in sorted(sample.labels.items()) if value)): sample.value
        for family in families
        for sample in family.samples
    }


def test_nodes_in_one_process_count_apart():
    one, other = Instruments(), Instruments()
    one.instance_received(500)
    one.association_refused(AssociationRefusal.TLS)
    assert samples(one)["triage_instances_received_total", ""] == 1
    assert samples(one)["triage_received_bytes_total", ""] == 500
    assert samples(one)["triage_associations_refused_total", "tls"] == 1
    assert samples(other)["triage_instances_received_total", ""] == 0


def test_an_analysis_counts_once_it_was_taken():
    instruments = Instruments()
    finished = FinishedAnalysis(
        Status.ANALYZED, Decision.FLAGGED, ("pediatric",), seconds={"read": 0.2, "infer": 3.0}, last_image_seconds=25.0
    )
    instruments.analysis_finished(finished)
    instruments.analysis_finished(FinishedAnalysis(Status.FAILED, taken=False))
    found = samples(instruments)
    assert found["triage_analyses_total", "flagged,analyzed"] == 1
    assert found["triage_analyses_total", "failed"] == 0
    assert found["triage_analyses_repeated_total", ""] == 1
    assert found["triage_analysis_reasons_total", "pediatric"] == 1
    assert found["triage_analysis_step_duration_seconds_sum", "infer"] == 3.0
    assert found["triage_analysis_step_duration_seconds_count", "report"] == 0
    assert found["triage_last_image_to_report_seconds_bucket", "20.0"] == 0
    assert found["triage_last_image_to_report_seconds_bucket", "30.0"] == 1


def test_words_of_another_version_make_no_series():
    instruments = Instruments()
    for number in range(100):
        instruments.analysis_finished(FinishedAnalysis(f"status{number}", f"decision{number}", (f"reason{number}",)))
    found = samples(instruments)
    assert found["triage_analyses_total", "other,other"] == 100
    assert found["triage_analysis_reasons_total", "other"] == 100


def test_a_destination_has_its_series_before_the_first_try():
    instruments = Instruments()
    instruments.expect_destination("PACS")
    assert samples(instruments)["triage_delivery_attempts_total", "PACS,no_answer"] == 0
    instruments.delivery_tried("PACS", DeliveryResult.NO_ANSWER, 3.0)
    instruments.delivered("PACS", 7.0)
    found = samples(instruments)
    assert found["triage_delivery_attempts_total", "PACS,no_answer"] == 1
    assert found["triage_delivery_attempt_duration_seconds_sum", "PACS"] == 3.0
    assert found["triage_report_to_delivery_seconds_sum", "PACS"] == 7.0


def test_what_a_worker_tells_is_read_again():
    finished = FinishedAnalysis(Status.ANALYZED, Decision.UNCERTAIN, ("pediatric",), seconds={"read": 1.0})
    assert FinishedAnalysis.read(finished.as_dict()) == finished
