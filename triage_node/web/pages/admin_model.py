"""The model in force: its card, figures, thresholds, where it comes from, and its identity."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from triage_node.findings import LABELS
from triage_node.identity import Role
from triage_node.web.dependencies import Services, the_services
from triage_node.web.http.csv_file import csv_file
from triage_node.web.machinery import Worker
from triage_node.web.security.authorization import require
from triage_node.web.views.model_card import card_sections

if TYPE_CHECKING:
    from triage_node.models import Manifest

router = APIRouter(include_in_schema=False)

TheServices = Annotated[Services, Depends(the_services)]


@router.get("/admin/model", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def model_page(request: Request, services: TheServices) -> Response:
    """Show the model that the settings name; a model that cannot be read is an error with its sentence."""
    manifest = _manifest(services)
    context = {
        "model": manifest,
        "labels": LABELS,
        "card": card_sections(manifest.folder),
        "areas": list(_areas(manifest.metrics)),
        "best_known": _of_any(manifest.metrics),
        "running": _running(services),
    }
    return services.templates.page(request, "admin/model.html", context)


@router.get("/admin/model/thresholds.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def thresholds_csv(services: TheServices) -> StreamingResponse:
    """Return the thresholds as CSV."""
    model = _manifest(services)
    rows = (
        (label.value, model.thresholds.uncertain[label], model.thresholds.flag[label], model.slice_thresholds[label])
        for label in LABELS
    )
    return csv_file(f"{model.name}-{model.version}-thresholds", ("label", "uncertain", "flag", "slice"), rows)


@router.get("/admin/model/figures.csv", dependencies=[Depends(require(Role.ADMINISTRATOR))])
def figures_csv(services: TheServices) -> StreamingResponse:
    """Return the areas under the curve as CSV."""
    model = _manifest(services)
    heads = ("data", "of", "label", "auc", "low", "high")
    return csv_file(f"{model.name}-{model.version}-figures", heads, _areas(model.metrics))


def _manifest(services: Services) -> "Manifest":
    from triage_node.models import read_manifest

    return read_manifest(services.settings.model)


def _areas(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str, str, float, float, float]]:
    """Return data, what was counted, label, area and its interval, as far as the manifest has them in that form."""
    for data, figures in metrics.items():
        areas = figures.get("auc", {}) if isinstance(figures, Mapping) else {}
        for counted, by_label in areas.items() if isinstance(areas, Mapping) else ():
            for label in LABELS:
                found = by_label.get(label.value) if isinstance(by_label, Mapping) else None
                if isinstance(found, list) and len(found) == 3:
                    yield data, counted, label.value, found[0], found[1], found[2]


def _of_any(metrics: Mapping[str, Any]) -> list[tuple[str, int | None, float, float, float]]:
    """Return data, number of studies, area and interval of any hemorrhage by patient."""
    areas = [row for row in _areas(metrics) if row[1:3] == ("patients", "any")]
    numbers = {data: figures.get("studies") for data, figures in metrics.items() if isinstance(figures, Mapping)}
    return [(data, numbers.get(data), area, low, high) for data, _, _, area, low, high in areas]


def _running(services: Services) -> Worker | None:
    worker = services.machinery.worker() if services.machinery is not None else None
    return worker if worker is not None and worker.ready else None
