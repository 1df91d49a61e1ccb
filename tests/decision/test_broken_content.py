"""Content that is not whole: file, library or value set is named for who has to put it right."""

from __future__ import annotations

import pytest

from ra_cds_hooks.decision import load_content
from ra_cds_hooks.errors import ContentError
from ra_cds_hooks.settings import load_settings


@pytest.fixture
def content_dir(tmp_path):
    """The content's folder, of links that a test may replace."""
    for part in ("elm", "valuesets"):
        (tmp_path / part).mkdir()
        for file in (load_settings().content_dir / part).glob("*.json"):
            (tmp_path / part / file.name).symlink_to(file)
    return tmp_path


def test_a_library_that_is_cut_off_is_named(content_dir):
    file = content_dir / "elm" / "LungSafety.json"
    text = file.read_text()
    file.unlink()
    file.write_text(text[: len(text) // 2])
    with pytest.raises(ContentError, match=r"not whole: elm/LungSafety\.json: "):
        load_content(content_dir)


def test_a_library_that_is_not_there_is_named(content_dir):
    (content_dir / "elm" / "LungSafety.json").unlink()
    with pytest.raises(ContentError, match=r"not whole: .* includes library LungSafety"):
        load_content(content_dir)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, "value set urn:ra-cds-hooks:ValueSet:abatacept "),
        ("{", r"valuesets/abatacept\.json: "),
    ],
)
def test_a_value_set_that_is_no_json_or_not_there_is_named(content_dir, left, said):
    file = content_dir / "valuesets" / "abatacept.json"
    file.unlink()
    if left is not None:
        file.write_text(left)
    with pytest.raises(ContentError, match=f"not whole: .*{said}"):
        load_content(content_dir, cache_dir=load_settings().cache_dir)
