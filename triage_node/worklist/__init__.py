"""The worklist: registration, completion, claims, transitions, what readers do, and the lists they see."""

from triage_node.database import Channel, Waiter
from triage_node.worklist.all_studies import may_be_oldest_first
from triage_node.worklist.announcements import Announced, Received, Step
from triage_node.worklist.claim import Claim, ClaimTimes
from triage_node.worklist.commitment.kept_instances import KeptInstance
from triage_node.worklist.commitment.transactions import Transaction
from triage_node.worklist.filters import Filters
from triage_node.worklist.judged_studies import Feedback, JudgedStudy
from triage_node.worklist.listing.sort import ARRIVAL, Sort
from triage_node.worklist.nodes.leases import Leases, RunningNode
from triage_node.worklist.outbox.outbox import Delivery
from triage_node.worklist.outbox.outbox_state import DestinationState, OutboxState
from triage_node.worklist.outbox.resending import RESENT, UNDELIVERED
from triage_node.worklist.outbox.routing import Route, explained
from triage_node.worklist.read_models import (
    Counts,
    Series,
    Study,
    StudyChanges,
    StudyDelivery,
    StudyOutcome,
    StudyPage,
    StudySummary,
    images_deleted_on,
)
from triage_node.worklist.reader_actions import LONGEST_COMMENT
from triage_node.worklist.registration import ReceivedInstance, Registered
from triage_node.worklist.retention.criteria import Criteria
from triage_node.worklist.retention.deletable import Deletable, Portion
from triage_node.worklist.retention.deleted_study import DeletedStudy
from triage_node.worklist.retention.deletions import Deletion
from triage_node.worklist.retention.stock import StudyStock
from triage_node.worklist.senders.advice import advice_on, matching
from triage_node.worklist.senders.sender_counts import ASSOCIATIONS, INSTANCES, Sender, SenderCount, SenderRefusal
from triage_node.worklist.stored_outcome import StoredOutcome
from triage_node.worklist.study_lists import StudyLists
from triage_node.worklist.upkeep.holding import Held
from triage_node.worklist.upkeep.job_runs import JobRun
from triage_node.worklist.uploads.uploads import StoredPart, Upload, Uploads, Waiting
from triage_node.worklist.workitems.performances import Performance
from triage_node.worklist.workitems.performances import Step as WorkitemStep
from triage_node.worklist.workitems.priority_changes import PriorityChange
from triage_node.worklist.workitems.pushed_workitems import PushedWorkitem
from triage_node.worklist.workitems.study_progress import ReportReference, StudyProgress
from triage_node.worklist.worklist import Worklist

__all__ = [
    "ARRIVAL",
    "ASSOCIATIONS",
    "INSTANCES",
    "LONGEST_COMMENT",
    "RESENT",
    "UNDELIVERED",
    "Announced",
    "Channel",
    "Claim",
    "ClaimTimes",
    "Counts",
    "Criteria",
    "Deletable",
    "DeletedStudy",
    "Deletion",
    "Delivery",
    "DestinationState",
    "Feedback",
    "Filters",
    "Held",
    "JobRun",
    "JudgedStudy",
    "KeptInstance",
    "Leases",
    "OutboxState",
    "Performance",
    "Portion",
    "PriorityChange",
    "PushedWorkitem",
    "Received",
    "ReceivedInstance",
    "Registered",
    "ReportReference",
    "Route",
    "RunningNode",
    "Sender",
    "SenderCount",
    "SenderRefusal",
    "Series",
    "Sort",
    "Step",
    "StoredOutcome",
    "StoredPart",
    "Study",
    "StudyChanges",
    "StudyDelivery",
    "StudyLists",
    "StudyOutcome",
    "StudyPage",
    "StudyProgress",
    "StudyStock",
    "StudySummary",
    "Transaction",
    "Upload",
    "Uploads",
    "Waiter",
    "Waiting",
    "WorkitemStep",
    "Worklist",
    "advice_on",
    "explained",
    "images_deleted_on",
    "matching",
    "may_be_oldest_first",
]
