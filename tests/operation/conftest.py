"""The application of tests/web, here for what an operator sees of it."""

from tests.web.conftest import client, hook_request, make_app  # noqa: F401  (fixtures)
