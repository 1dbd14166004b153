"""Reading the settings.

Order of precedence: options given on the command line, then `TRIAGE_*` environment variables, then `triage-node.toml`,
then the defaults.
"""

import os
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from triage_node.config.complaints import check_environment, complaint_of
from triage_node.config.settings import SECRETS, Settings
from triage_node.errors import SettingsError

SETTINGS_FILE = Path("triage-node.toml")


def read_settings(file: Path | None = None, **options: object) -> Settings:
    """Read the settings; options that are None count as not given.

    Parameters
    ----------
    file
        A TOML file; by default `triage-node.toml` in the working directory, if there is one.

    Raises
    ------
    SettingsError
        A value is wrong; the sentence names key and value.
    """
    source = file or SETTINGS_FILE
    if not source.is_file() and (file is not None or os.path.lexists(source)):
        raise SettingsError(f"The settings file {source} {'is no file' if source.exists() else 'does not exist'}.")

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=source)

    check_environment(list(Settings.model_fields), os.environ)
    given = {key: value for key, value in options.items() if value is not None}
    try:
        settings = FileSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(complaint_of(error, list(Settings.model_fields), SECRETS)) from error
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"The settings file {source} cannot be read: {error}. It is TOML in UTF-8, without a byte order mark."
        ) from error
    settings._options = frozenset(given)
    return settings
