"""``python -m ra_cds_hooks`` is ``ra-cds``."""

from ra_cds_hooks.cli import main

main()
