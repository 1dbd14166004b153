"""Instances and results on disk: hashed names, durable writes."""

from triage_node.storage.bucket import Bucket, BucketOptions, BucketState, Copies, LocalCopies
from triage_node.storage.device import device_uid
from triage_node.storage.disk import RECOVERY, Disk, Level, Space, Watermarks
from triage_node.storage.draft import Draft
from triage_node.storage.durable_write import Parts
from triage_node.storage.found_report import FoundReport, find_report
from triage_node.storage.layout import Layout, hashed, spool_folder
from triage_node.storage.lock import FolderLock, hold, is_held, lock_file
from triage_node.storage.made_once import make_once
from triage_node.storage.regular_file import open_regular_file
from triage_node.storage.restore_mark import RestoreMark
from triage_node.storage.result import ResultContent, StoredResult
from triage_node.storage.result_object import ResultObject
from triage_node.storage.slice_scores import Scores, SlicePlace, SliceScores, best_slices, stored_slice_scores
from triage_node.storage.spool import Filing, Spool
from triage_node.storage.spool_identity import spool_name
from triage_node.storage.study_folder import NOTE, StudyFolder

__all__ = [
    "NOTE",
    "RECOVERY",
    "Bucket",
    "BucketOptions",
    "BucketState",
    "Copies",
    "Disk",
    "Draft",
    "Filing",
    "FolderLock",
    "FoundReport",
    "Layout",
    "Level",
    "LocalCopies",
    "Parts",
    "RestoreMark",
    "ResultContent",
    "ResultObject",
    "Scores",
    "SlicePlace",
    "SliceScores",
    "Space",
    "Spool",
    "StoredResult",
    "StudyFolder",
    "Watermarks",
    "best_slices",
    "device_uid",
    "find_report",
    "hashed",
    "hold",
    "is_held",
    "lock_file",
    "make_once",
    "open_regular_file",
    "spool_folder",
    "spool_name",
    "stored_slice_scores",
]
