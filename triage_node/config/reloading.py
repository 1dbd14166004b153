"""Which settings a running node takes up, and which are in force when its file says something else."""

from pydantic import ValidationError

from triage_node.config.complaints import complaint_of
from triage_node.config.retention import RetentionSettings
from triage_node.config.settings import SECRETS, SUBJECTS, Settings
from triage_node.config.upkeep import UpkeepSettings
from triage_node.errors import SettingsError

OF_LISTENER = frozenset(
    [
        "allowed_calling_ae_titles",
        "allowed_peers",
        "check_called_ae_title",
        "dicom_tls_certificate",
        "dicom_tls_key",
        "dicom_tls_ca",
        "dicom_tls_client_certificates",
        "maximum_associations",
        "maximum_associations_per_address",
        "maximum_connections_per_minute_per_address",
        "association_idle_seconds",
        "maximum_instance_mb",
    ]
)
OF_DISK = frozenset(["disk_reserve_mb", "disk_reserve_percent", "disk_warn_mb", "disk_warn_percent"])
OF_PEERS = frozenset(["destinations", "sources", "commitment_peers"])
OF_WEB = frozenset(
    [
        "web_tls_certificate",
        "web_tls_key",
        "web_sign_ins_per_minute",
        "web_requests_per_minute",
        "openid_reader_groups",
        "openid_administrator_groups",
        "viewer_url_template",
    ]
)
OF_CLOCK = frozenset(
    [
        *RetentionSettings.model_fields,
        *UpkeepSettings.model_fields,
        "series_quiet_seconds",
        "study_quiet_seconds",
        "study_maximum_seconds",
    ]
)
RELOADED = OF_LISTENER | OF_DISK | OF_PEERS | OF_WEB | OF_CLOCK | {"log_level"}
"""What a running node takes up; the rest wants a restart."""
WEB_TLS = frozenset(["web_tls_certificate", "web_tls_key"])


def in_force(settings: Settings, wanted: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Return what a running node can have of other settings, and the names of those that wait for its restart.

    Parameters
    ----------
    settings
        Those in force.
    wanted
        Those that were read anew.

    Raises
    ------
    SettingsError
        What it can have does not go together with what it cannot: it would, say, be open to everybody.
    """
    kept = set(Settings.model_fields) - RELOADED
    if (settings.web_tls_certificate is None) != (wanted.web_tls_certificate is None):
        kept |= WEB_TLS
    sources = {name: settings if name in kept else wanted for name in Settings.model_fields}
    mixed = Settings.model_construct(
        _fields_set={name for name, source in sources.items() if name in source.model_fields_set},
        **{name: getattr(source, name) for name, source in sources.items()},
    )
    mixed._options = wanted._options
    for subject in SUBJECTS:
        try:
            subject.model_validate({name: getattr(mixed, name) for name in subject.model_fields})
        except ValidationError as error:
            complaint = complaint_of(error, list(Settings.model_fields), SECRETS)
            raise SettingsError(f"They cannot be taken up without a restart: {complaint}") from error
    return mixed, tuple(name for name in sources if name in kept and getattr(settings, name) != getattr(wanted, name))
