"""Studies without the patient: the Basic Application Level Confidentiality Profile of PS3.15 Annex E."""

from triage_node.deidentification.data_set import Deidentification
from triage_node.deidentification.face import FaceRemoval
from triage_node.deidentification.file import deidentified_file
from triage_node.deidentification.key import one_off_key, stored_key
from triage_node.deidentification.options import Keep, Options
from triage_node.deidentification.pseudonyms import Pseudonyms
from triage_node.deidentification.refusals import NotExported

__all__ = [
    "Deidentification",
    "FaceRemoval",
    "Keep",
    "NotExported",
    "Options",
    "Pseudonyms",
    "deidentified_file",
    "one_off_key",
    "stored_key",
]
