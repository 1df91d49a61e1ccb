"""The WSGI entry point, served with ``gunicorn --config=python:ra_cds_hooks.operation.server``.

Named to gunicorn alone it is served without what that adds: bounds for slow clients, and a refusal
to listen beyond loopback for anyone.
"""

from ra_cds_hooks.operation.logs import configure_logging
from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app, settle

settings = load_settings()
configure_logging(settings.log_level, settings.log_format)
app = create_app(settings)
settle()
