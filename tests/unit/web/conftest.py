from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any

import pytest
from sites import Site

from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason
from triage_node.worklist import ReceivedInstance


@pytest.fixture
def make_site(make_settings, make_worklist, clock) -> Iterator[Callable[..., Site]]:
    """Build the application over a worklist of the test's own, with other settings."""
    with ExitStack() as open_sites:

        def make(options: dict[str, Any] | None = None, **settings: Any) -> Site:
            chosen = make_settings(**settings)
            worklist = make_worklist(chosen, clock)
            open_sites.callback(worklist.close)
            return open_sites.enter_context(Site(chosen, worklist, options or {}))

        yield make


@pytest.fixture
def site(make_site) -> Site:
    """The application over a worklist of the test's own; its clock is `clock`."""
    return make_site()


@pytest.fixture
def analyzed(site, clock) -> Callable[..., None]:
    """Register a study and write an outcome, as intake and worker do; the clock goes on by 61 s."""

    def register(uid: str, more: dict[str, Any]) -> None:
        described = {"study_description": "Head", "patient_name": "Doe^Jane", "patient_id": "P1", "modality": "CT"}
        instance = ReceivedInstance(
            study_instance_uid=uid,
            series_instance_uid=f"{uid}.1",
            sop_instance_uid=f"{uid}.1.1",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            size_bytes=1000,
            received_at=clock(),
            eligible=True,
            **(described | more),
        )
        site.worklist.registration.register([instance])

    def analyzed(
        uid: str,
        decision: str = "flagged",
        *,
        register_only: bool = False,
        registered: bool = False,
        cautions: tuple[Reason, ...] = (),
        **more: Any,
    ) -> None:
        if not registered:
            register(uid, more)
        if register_only:
            return
        clock.forward(61)
        site.worklist.study_completion.advance()
        claim = site.worklist.claims.claim("w")
        outcome = Outcome(
            Status.ANALYZED,
            ModelIdentity("net", "1", "ab"),
            reasons=cautions,
            series_instance_uid=f"{uid}.1",
            decision=Decision(decision),
            probabilities=dict.fromkeys(LABELS, 0.9),
            flagged=(Label.SUBDURAL, Label.ANY) if decision == Decision.FLAGGED else (),
            uncertain=(Label.ANY,) if decision == Decision.UNCERTAIN else (),
            seconds={"read": 1.0, "infer": 2.0, "report": 0.1},
            report_sop_instance_uid=f"2.25.{uid.replace('.', '')}",
            folder="/results/1",
        )
        assert claim.study_instance_uid == uid
        assert site.worklist.claims.finish(claim, outcome, ["PACS@127.0.0.1:1"])

    return analyzed


@pytest.fixture
def today(clock) -> str:
    """The local day of the clock."""
    return date.fromtimestamp(clock()).isoformat()
