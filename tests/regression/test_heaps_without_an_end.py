"""A heap of texts in an HDF5 file whose sizes do not add up: HDF5's library never came back from it."""

import subprocess
import sys
from pathlib import Path

import pytest
from keras_models import FILES
from mutate_keras import keras_mutation

from aot.base.errors import AotError
from aot.frontends import parse

_READ = "import sys; from aot.frontends import read; read(sys.argv[1])"


def test_it_is_refused_in_time(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(keras_mutation(FILES["h5_recurrent"].read_bytes(), 358))
    done = subprocess.run([sys.executable, "-c", _READ, path], capture_output=True, text=True, timeout=60)
    assert "a heap of texts in it does not add up" in done.stderr


@pytest.mark.parametrize("size", [0, 15, 2**63, 2**64 - 16])
def test_objects_of_any_size_have_an_end(size: int) -> None:
    content = bytearray(FILES["h5_recurrent"].read_bytes())
    first = content.index(b"GCOL\x01") + 16
    content[first : first + 2] = bytes(2)  # what is free, whose size includes its header
    content[first + 8 : first + 16] = size.to_bytes(8, "little")
    with pytest.raises(AotError, match="does not add up"):
        parse(bytes(content), "model", "model.h5")
