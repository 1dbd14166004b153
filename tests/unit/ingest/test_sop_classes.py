"""Which classes are storage: every one of PS3.6 by its name, and what PS3.6 does not know."""

import pytest
from pydicom.uid import UID
from pynetdicom import sop_class

from triage_node.ingest.sop_classes import is_storage

NONE_OF_STORAGE = [
    "_APPLICATION_EVENT_CLASSES",
    "_BASIC_WORKLIST_CLASSES",
    "_DISPLAY_SYSTEM_CLASSES",
    "_INSTANCE_AVAILABILITY_CLASSES",
    "_MEDIA_CREATION_CLASSES",
    "_MEDIA_STORAGE_CLASSES",
    "_PRINT_MANAGEMENT_CLASSES",
    "_PROCEDURE_STEP_CLASSES",
    "_PROTOCOL_APPROVAL_CLASSES",
    "_QR_CLASSES",
    "_RELEVANT_PATIENT_QUERY_CLASSES",
    "_STORAGE_COMMITMENT_CLASSES",
    "_SUBSTANCE_ADMINISTRATION_CLASSES",
    "_UNIFIED_PROCEDURE_STEP_CLASSES",
    "_VERIFICATION_CLASSES",
]


@pytest.mark.parametrize("uid", sop_class._STORAGE_CLASSES.values())
def test_every_class_of_the_storage_service_is_storage(uid):
    assert is_storage(uid)


@pytest.mark.parametrize("uid", sop_class._NON_PATIENT_OBJECT_CLASSES.values())
def test_non_patient_objects_are_storage(uid):
    assert is_storage(uid), UID(uid).name


@pytest.mark.parametrize("service", NONE_OF_STORAGE)
def test_the_classes_of_other_services_are_none(service):
    stored = [UID(uid).name for uid in getattr(sop_class, service).values() if is_storage(uid)]
    assert not stored


@pytest.mark.parametrize(
    "uid",
    [
        "1.2.840.10008.5.1.4.39.2",  # Color Palette - FIND
        "1.2.840.10008.5.1.4.38.4",  # Hanging Protocol - GET
        "1.2.840.10008.5.1.4.43.2",  # Generic Implant Template - FIND
        "1.2.840.10008.5.1.4.34.8",  # RT Conventional Machine Verification
        "1.2.840.10008.5.1.4.32",  # General Purpose Worklist Management Meta, retired
        "1.2.840.10008.3.1.2.3.3",  # Modality Performed Procedure Step
        "1.2.840.10008.10.1",  # Video Endoscopic Image Real-Time Communication
        "1.2.840.10008.1.2.1",  # a transfer syntax
        "1.2.840.10008.5.1.1.17",  # an instance
        "1.2.840.10008.4.2",  # the storage service itself
    ],
)
def test_what_else_has_a_uid_is_none(uid):
    assert not is_storage(uid)


@pytest.mark.parametrize("uid", ["1.3.12.2.1107.5.9.1", "2.25.1", "1.2.840.10008.5.1.4.1.1.99999"])
def test_what_the_standard_does_not_know_is_storage(uid):
    assert is_storage(uid)
