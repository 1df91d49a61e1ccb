"""Every command and every card is documented, and the commands of the README exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ra_cds_hooks.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help_and_an_example_in_the_readme(name):
    command = main.commands[name]
    assert command.help and "Example: ra-cds " + name in command.help
    assert re.search(rf"^\s*ra-cds {name}\b", README, re.MULTILINE), f"no example of {name}"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make ([a-z-]+)", README))))
def test_every_make_target_that_the_readme_names_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_card_is_described(content):
    described = README + (ROOT / "docs" / "cds-service.md").read_text(encoding="utf-8")
    for card_id in content.cards:
        assert f"`{card_id}`" in described, f"no document speaks of the card {card_id}"


def test_links_to_files_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readme_says_what_it_is_not():
    assert "not clinically validated" in README
