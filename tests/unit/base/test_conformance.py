"""The tables of the conformance statement say what the code does; WRITE_DOCS=1 writes them anew."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest
from pydicom.charset import python_encoding
from pydicom.uid import UID, UID_dictionary
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    EncapsulatedPDFStorage,
    KeyObjectSelectionDocumentStorage,
    SecondaryCaptureImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)
from report_tables import report_attributes_table, report_tree_table, table

from triage_node.commitment import Answers, CommitmentService, Results
from triage_node.config import Settings
from triage_node.delivery import RetryPolicy
from triage_node.dimse import STORAGE_COMMITMENT
from triage_node.dimse.associate_request import ProposedContext, Request
from triage_node.dimse.negotiation import APPLICATION_CONTEXT, accept
from triage_node.dimse.normalized.services import Services
from triage_node.dimse.pdu import MAXIMUM_PDU_BYTES
from triage_node.dimse.tls.profile import TLS_1_2_SUITES
from triage_node.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from triage_node.ingest import is_storage, statuses
from triage_node.notifications import AvailabilityService, ProcedureStepService
from triage_node.report.variants import SOP_CLASSES as REPORT_CLASSES
from triage_node.search.attributes import ATTRIBUTES, Attribute, Kind
from triage_node.search.workitems import KEYS
from triage_node.storage import Spool
from triage_node.worklist import Worklist

ROOT = Path(__file__).resolve().parents[3]
STATEMENT = ROOT / "docs" / "conformance.md"
CLASSES = ROOT / "docs" / "reference" / "sop-classes.md"

SYNTAXES = [uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"]
SOP_CLASSES = [uid for uid, (_, kind, *_) in UID_dictionary.items() if "SOP Class" in kind]


def named(uid: str) -> str:
    return UID(uid).name.replace(" (Retired)", "")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("node"))
    worklist = Worklist(settings)
    results = Results(worklist, Spool(settings.data_dir / "spool"), RetryPolicy(5, 600, 3600))
    yield Services(
        (
            CommitmentService(worklist, results, Answers(worklist).take),
            ProcedureStepService(worklist),
            AvailabilityService(worklist),
        )
    )
    worklist.close()


@pytest.fixture(scope="module")
def accepted(services) -> Mapping[str, list[str]]:
    """Ask the listener's own negotiation for every SOP class of PS3.6 in every transfer syntax."""
    found: dict[str, list[str]] = defaultdict(list)
    pairs = list(product(SOP_CLASSES, SYNTAXES))
    for start in range(0, len(pairs), 128):
        proposed = enumerate(pairs[start : start + 128])
        contexts = tuple(ProposedContext(2 * index + 1, one, (syntax,)) for index, (one, syntax) in proposed)
        request = Request(1, "TRIAGE", "PEER", bytes(64), APPLICATION_CONTEXT, contexts, 16384)
        for context in accept(request, services)[1].values():
            found[context.abstract_syntax].append(context.transfer_syntax)
    return found


def sop_classes_table(accepted: Mapping[str, list[str]]) -> str:
    rows = [(named(uid), f"`{uid}`", _syntaxes(accepted[uid])) for uid in SOP_CLASSES if uid in accepted]
    return table(("SOP class", "UID", "transfer syntaxes"), rows)


def _syntaxes(accepted: Sequence[str]) -> str:
    return "all" if len(accepted) == len(SYNTAXES) else ", ".join(map(named, accepted))


def services_table(accepted: Mapping[str, list[str]]) -> str:
    """What the node proposes itself is in its own lists; what it accepts was asked of the listener."""
    storage = sum(is_storage(uid) for uid in accepted)
    rows = [(f"Storage: {storage} classes of PS3.6, and private and unknown ones", "", "yes")]
    rows += [(f"{named(uid)} `{uid}`", "yes", "yes" if uid in accepted else "") for uid in PROPOSED]
    rows += [(f"{named(uid)} `{uid}`", "", "yes") for uid in accepted if not is_storage(uid) and uid not in PROPOSED]
    return table(("network service", "user (SCU)", "provider (SCP)"), rows)


def associations_table(_: Mapping[str, list[str]]) -> str:
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    rows = [
        ("application context", f"`{APPLICATION_CONTEXT}`", ""),
        ("maximum PDU received", f"{MAXIMUM_PDU_BYTES:,} bytes", ""),
        *((what, f"{defaults[name]}{unit}", f"`{name}`") for what, name, unit in LIMITS),
        ("outstanding asynchronous transactions", "1, no negotiation", ""),
        ("implementation class UID", f"`{IMPLEMENTATION_CLASS_UID}`", ""),
        ("implementation version name", f"`{IMPLEMENTATION_VERSION_NAME.rpartition('_')[0]}_` and the version", ""),
    ]
    return table(("parameter", "value", "setting"), rows)


LIMITS = (
    ("associations accepted at once", "maximum_associations", ""),
    ("the same of one address", "maximum_associations_per_address", ""),
    ("connections of one address in a minute", "maximum_connections_per_minute_per_address", ""),
    ("association request timeout (ARTIM)", "connect_timeout_seconds", " s"),
    ("silence of an association that is accepted", "association_idle_seconds", " s"),
    ("an answer as a user", "answer_timeout_seconds", " s"),
    ("largest instance", "maximum_instance_mb", " MB"),
)


def web_services_table(_: Mapping[str, list[str]]) -> str:
    from triage_node.web.registry import routers

    routes = [route for router in routers() for route in router.routes if route.path.startswith("/dicomweb")]
    rows = [(", ".join(sorted(one.methods)), f"`{one.path}`", _first_line(one.endpoint)) for one in routes]
    return table(("method", "resource", "transaction"), rows)


def _first_line(endpoint: Callable[..., object]) -> str:
    return (endpoint.__doc__ or "").splitlines()[0]


MATCHING = {
    Kind.UID: "list of UIDs",
    Kind.DATE: "single value, range",
    Kind.TIME: "single value, range",
    Kind.TEXT: "single value, wildcard",
    Kind.NAME: "single value, wildcard, without case and accents",
    Kind.NUMBER: "single value",
    Kind.NONE: "returned only",
}


def query_keys_table(_: Mapping[str, list[str]]) -> str:
    returned = {True: "when asked for", False: "always"}
    rows = [(one.level.name.capitalize(), *_key(one), returned[one.is_extra]) for one in ATTRIBUTES]
    return table(("level", "attribute", "matching", "returned"), rows)


def workitem_keys_table(_: Mapping[str, list[str]]) -> str:
    return table(("attribute", "matching"), [_key(one) for one in KEYS.values()])


def _key(attribute: Attribute) -> tuple[str, str]:
    return f"`{attribute.keyword}`", MATCHING[attribute.kind]


def character_sets_table(_: Mapping[str, list[str]]) -> str:
    terms = ", ".join(f"`{one}`" for one in python_encoding if one)
    return table(("Specific Character Set, read and written",), [(terms,)])


def cipher_suites_table(_: Mapping[str, list[str]]) -> str:
    names = [re.sub(r"-AES([0-9]+)-", r"_WITH_AES_\1_", one).replace("-", "_") for one in TLS_1_2_SUITES]
    rows = [(f"`TLS_{name}`", f"`{one}`") for name, one in zip(names, TLS_1_2_SUITES, strict=True)]
    return table(("TLS 1.2 cipher suite", "OpenSSL"), rows)


PROPOSED = (
    Verification,
    *(str(uid) for uid in REPORT_CLASSES),
    SecondaryCaptureImageStorage,
    KeyObjectSelectionDocumentStorage,
    EncapsulatedPDFStorage,
    STORAGE_COMMITMENT,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelGet,
)
"""What the node proposes as a user, beside what `triage-node send` and C-GET propose for files and sources."""

TABLES: dict[str, tuple[Path, Callable[[Mapping[str, list[str]]], str]]] = {
    "services": (STATEMENT, services_table),
    "associations": (STATEMENT, associations_table),
    "cipher-suites": (STATEMENT, cipher_suites_table),
    "web-services": (STATEMENT, web_services_table),
    "query-keys": (STATEMENT, query_keys_table),
    "workitem-keys": (STATEMENT, workitem_keys_table),
    "character-sets": (STATEMENT, character_sets_table),
    "report-attributes": (STATEMENT, lambda _: report_attributes_table()),
    "report-tree": (STATEMENT, lambda _: report_tree_table()),
    "sop-classes": (CLASSES, sop_classes_table),
}


@pytest.mark.parametrize("name", TABLES)
def test_table(name, accepted):
    page, make = TABLES[name]
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    text, made = page.read_text(), make(accepted)
    assert pattern.search(text), f"{page.name} has no place for {name}"
    expected = pattern.sub(lambda found: f"{found[1]}{made}\n{found[2]}", text)
    if os.environ.get("WRITE_DOCS"):
        page.write_text(expected)
    assert text == expected, f"{page.name} is not what the code does: WRITE_DOCS=1 pytest this file"


def test_every_status_of_a_store_is_in_the_statement():
    section = STATEMENT.read_text().partition("#### Storage")[2].partition("####")[0]
    answered = {statuses.SUCCESS, statuses.OUT_OF_RESOURCES, statuses.CANNOT_UNDERSTAND, statuses.PROCESSING_FAILURE}
    expected = answered | set(statuses.STATUSES.values())
    assert {int(one, 16) for one in re.findall(r"^\| `(0x[0-9A-F]{4})`", section, re.MULTILINE)} == expected


SECTIONS = (
    "Overview", "Introduction", "Networking", "Web services", "Media interchange", "Support of character sets",
    "Security", "Annexes",
)  # fmt: skip


def test_the_sections_are_those_of_the_standard_in_its_order():
    assert re.findall(r"^## \d (.+)$", STATEMENT.read_text(), re.MULTILINE) == list(SECTIONS)
