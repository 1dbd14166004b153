"""Find the routers of the pages, the API and DICOMweb, and refuse one with a route that asks for no role."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType

from fastapi import APIRouter
from fastapi.routing import APIRoute

from triage_node.identity import Role
from triage_node.web import api, dicomweb, pages
from triage_node.web.security.authorization import is_guarded, roles_of
from triage_node.web.views.navigation import Entry, Navigation

PUBLIC = frozenset(
    {"/health/live", "/health/ready", "/sign-in", "/sign-in/openid", "/sign-in/openid/callback", "/static/{path:path}"}
)
"""The only routes without sign-in."""


def modules() -> Iterator[ModuleType]:
    """Import every module of the three packages."""
    # Routes are tried in turn: DICOMweb first and of it searches, as of these there are the most, and the shortest.
    for package in (dicomweb, api, pages):
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: (one.name != "search", one.name)):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def routers() -> list[APIRouter]:
    """Return every router.

    Raises
    ------
    TypeError
        A route neither asks for a role nor is on the list of those without sign-in: a mistake of the programmer.
    """
    found = [module.router for module in modules() if hasattr(module, "router")]
    for router in found:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise TypeError(f"{route} is no plain route; add it with @router.get and the like")
            if route.path not in PUBLIC and not is_guarded(route.dependant):
                raise TypeError(f"{route.path} lets everybody in; give it require(...) or audited(...)")
    return found


def roles(found: Iterable[APIRouter]) -> dict[tuple[str, str], tuple[Role, ...]]:
    """Return the roles that routes ask for, by address and method; none of one that lets everybody in."""
    routes = [route for router in found for route in router.routes if isinstance(route, APIRoute)]
    return {(one.path_format, method): roles_of(one.dependant) for one in routes for method in one.methods or ()}


def navigation() -> Navigation:
    """Return the entries that the modules name as ``NAVIGATION``, one or a list."""
    entries: list[Entry] = []
    for module in modules():
        named = getattr(module, "NAVIGATION", [])
        entries += [named] if isinstance(named, Entry) else named
    return Navigation(entries)
