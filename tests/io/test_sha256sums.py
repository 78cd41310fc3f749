"""`merflow checksums` lists files, finds changes and refuses a root without lists."""

import pytest

from merflow.commands.checksums import checksums
from merflow.errors import MerflowError


def test_a_changed_and_a_removed_file_are_found(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"one")
    checksums(tmp_path)
    checksums(tmp_path, verify=True)
    assert "1 file in 1 folder: checked, no change" in capsys.readouterr().out
    (tmp_path / "a" / "1.png").write_bytes(b"two")
    with pytest.raises(MerflowError, match="1 file not as in SHA256SUMS"):
        checksums(tmp_path, verify=True)
    (tmp_path / "a" / "1.png").unlink()
    with pytest.raises(MerflowError, match="1 file not as in SHA256SUMS"):
        checksums(tmp_path, verify=True)
    assert "listed, but missing" in capsys.readouterr().out


def test_a_folder_with_nothing_to_compare_is_refused(tmp_path):
    with pytest.raises(MerflowError, match="no images") as error:
        checksums(tmp_path, verify=True)
    assert error.value.code == 2
    (tmp_path / "1.png").write_bytes(b"one")
    with pytest.raises(MerflowError, match="no SHA256SUMS") as error:
        checksums(tmp_path, verify=True)
    assert error.value.code == 2
