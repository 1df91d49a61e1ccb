"""ra-cds: evaluate a record, check the content, write expectations, serve the hooks.

Every command has an example in the README; a test holds that. Exit codes: errors.TABLE.
"""

from ra_cds_hooks.cli import (
    audit,
    config,
    content,
    feedback,
    records,
    serve,
)  # each adds its commands
from ra_cds_hooks.cli.app import main
from ra_cds_hooks.cli.records import expectation

__all__ = ["audit", "config", "content", "expectation", "feedback", "main", "records", "serve"]
