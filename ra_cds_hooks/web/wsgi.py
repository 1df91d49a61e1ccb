"""The WSGI entry point for gunicorn: ``gunicorn ra_cds_hooks.web.wsgi:app``."""

from ra_cds_hooks.settings import load_settings
from ra_cds_hooks.web import create_app, settle

app = create_app(load_settings())
settle()
