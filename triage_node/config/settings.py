"""The settings of the node: one table, frozen, put together from its subjects."""

import os
from typing import Literal, Self

from pydantic import BaseModel, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from triage_node.config.analysis import AnalysisSettings
from triage_node.config.completion import CompletionSettings
from triage_node.config.delivery import DeliverySettings
from triage_node.config.listener import ListenerSettings
from triage_node.config.logs import LogSettings
from triage_node.config.monitoring import MonitoringSettings
from triage_node.config.object_storage import ObjectStorageSettings
from triage_node.config.openid import OpenIDSettings
from triage_node.config.report import ReportSettings
from triage_node.config.retention import RetentionSettings
from triage_node.config.roles import ROLES, RoleSettings
from triage_node.config.storage import StorageSettings
from triage_node.config.upkeep import UpkeepSettings
from triage_node.config.web import WebSettings
from triage_node.outcome import ObjectKind

SECRETS = frozenset(["openid_client_secret", "database_url"])
"""Settings whose value is never repeated."""

SUBJECTS: tuple[type[BaseModel], ...] = (
    ListenerSettings,
    StorageSettings,
    ObjectStorageSettings,
    RetentionSettings,
    CompletionSettings,
    DeliverySettings,
    ReportSettings,
    AnalysisSettings,
    WebSettings,
    OpenIDSettings,
    UpkeepSettings,
    LogSettings,
    RoleSettings,
    MonitoringSettings,
)
"""In the order in which people read them."""

Origin = Literal["default", "option", "environment", "file"]


class Settings(
    MonitoringSettings,
    RoleSettings,
    LogSettings,
    UpkeepSettings,
    OpenIDSettings,
    WebSettings,
    AnalysisSettings,
    ReportSettings,
    DeliverySettings,
    CompletionSettings,
    RetentionSettings,
    ObjectStorageSettings,
    StorageSettings,
    ListenerSettings,
    BaseSettings,
):
    """Everything that can be set; each field's description is its line in the reference.

    pydantic lists the fields of the last base first, hence their order.
    """

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", frozen=True, extra="forbid")

    _options: frozenset[str] | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, then the environment, then the file named by `read_settings`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _check_roles(self) -> Self:
        if self.roles != ROLES and not self.is_on_server:
            raise ValueError(
                f"roles = {', '.join(self.roles)} wants a database_url on PostgreSQL: the parts of a node in several "
                "processes meet in one database (see docs/cluster.md)"
            )
        return self

    def origin(self, name: str) -> Origin:
        """Return where a setting comes from."""
        if name not in self.model_fields_set:
            return "default"
        if self._options is None or name in self._options:
            return "option"
        return "environment" if f"TRIAGE_{name}".upper() in {key.upper() for key in os.environ} else "file"

    @property
    def made_objects(self) -> frozenset[ObjectKind]:
        """The objects made of each result, those that any destination is sent and those wanted anyway."""
        return frozenset(self.extra_objects).union(*(one.objects for one in self.destinations))
