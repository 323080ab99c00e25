"""The folder of compiled code of the CUDA stand-in: nobody else may write there."""

import os
import stat
import tempfile

import pytest

from tests.cuda_stand_in import _build

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users as on Unix")


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """No cached choice; the home folder and the temporary folder are empty ones."""
    monkeypatch.delenv(_build.CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # The folders above are those of pytest, which are safe where the user's are.
    _build.cache.cache_clear()
    yield
    _build.cache.cache_clear()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private(tmp_path):
    folder = _build.cache()
    assert folder == (tmp_path / "home" / "keratorch" / "cuda_stand_in").resolve()
    assert mode(folder) == 0o700
    _build.cache.cache_clear()
    assert _build.cache() == folder  # it is used again


@pytest.mark.parametrize("bits", [0o777, 0o770, 0o702, 0o720])
def test_a_folder_into_which_others_can_write_is_not_used(tmp_path, bits):
    folder = tmp_path / "home" / "keratorch" / "cuda_stand_in"
    folder.mkdir(parents=True)
    folder.chmod(bits)
    found = _build.cache()
    assert found != folder.resolve() and mode(found) == 0o700
    assert found.parent == tmp_path.resolve()


def test_a_private_folder_where_both_places_are_open_to_others(tmp_path):
    open_to_all = tmp_path / "home" / "keratorch" / "cuda_stand_in"
    other = tmp_path / f"keratorch-stand-in-{os.getuid()}"
    for folder in (open_to_all, other):
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    found = _build.cache()
    assert found.name.startswith("keratorch-stand-in-") and found != other.resolve()
    assert mode(found) == 0o700


def test_a_folder_that_the_variable_names_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "chosen"
    monkeypatch.setenv(_build.CACHE_VARIABLE, str(folder))
    assert _build.cache() == folder.resolve()
    assert mode(folder) == 0o700
    _build.cache.cache_clear()
    folder.chmod(0o777)
    with pytest.raises(_build.BuildError, match=r"chosen.*other users can write.*mkdir -m 700"):
        _build.cache()


def test_a_folder_in_one_that_others_can_write_to(tmp_path, monkeypatch):
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o777)
    monkeypatch.setenv(_build.CACHE_VARIABLE, str(above / "chosen"))
    with pytest.raises(_build.BuildError, match=r"other users can write into .*above"):
        _build.cache()
    above.chmod(0o1777)  # as /tmp: others cannot replace the folder
    _build.cache.cache_clear()
    assert _build.cache() == (above / "chosen").resolve()


def test_a_folder_of_another_user(tmp_path, monkeypatch):
    folder = tmp_path / "chosen"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv(_build.CACHE_VARIABLE, str(folder))
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(_build.BuildError, match="belongs to another user"):
        _build.cache()


def test_a_link_is_followed_before_the_check(tmp_path, monkeypatch):
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir()
    target.chmod(0o777)
    link.symlink_to(target)
    monkeypatch.setenv(_build.CACHE_VARIABLE, str(link))
    with pytest.raises(_build.BuildError, match=r"other users can write into .*target"):
        _build.cache()


def test_an_empty_variable_names_no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv(_build.CACHE_VARIABLE, "")
    assert _build.cache() == (tmp_path / "keratorch" / "cuda_stand_in").resolve()
