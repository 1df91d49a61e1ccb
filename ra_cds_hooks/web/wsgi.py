"""The WSGI entry point for gunicorn: ``gunicorn ra_cds_hooks.web.wsgi:app``."""

from ra_cds_hooks.operation.logs import configure_logging
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app, settle

settings = load_settings()
configure_logging(settings.log_level, settings.log_format)
app = create_app(settings)
settle()
