"""What DICOMweb finds: attributes, matching, workitems, stored instances."""

from triage_node.search.attributes import ATTRIBUTES, BY_KEYWORD, Attribute, Kind, Level
from triage_node.search.matching import LITERAL, LONGEST_VALUE, Rules
from triage_node.search.search import MOST_COUNTED, Found, Question, Search
from triage_node.search.stored_instances import StoredInstance, StoredInstances
from triage_node.search.workitems import KEYS, Workitem, WorkitemOutcome, Workitems, priority_of, readiness_of, state_of

__all__ = [
    "ATTRIBUTES",
    "BY_KEYWORD",
    "KEYS",
    "LITERAL",
    "LONGEST_VALUE",
    "MOST_COUNTED",
    "Attribute",
    "Found",
    "Kind",
    "Level",
    "Question",
    "Rules",
    "Search",
    "StoredInstance",
    "StoredInstances",
    "Workitem",
    "WorkitemOutcome",
    "Workitems",
    "priority_of",
    "readiness_of",
    "state_of",
]
