"""Keras files that are damaged, that hold code, or that ask for more than a file should: refused, and said why."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from command import refused
from fuzzing import fuzz
from keras_files import dense, hdf5, keras_file, layer, sequential, weights_of_dense
from keras_models import FILES
from mutate_keras import archive_of, members_of

from aot.base.errors import AotError
from aot.frontends import parse, settings_of
from aot.graph.ir import Graph

_CODE = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}


def _message(content: bytes, name: str = "model.keras", **settings: object) -> str:
    with pytest.raises(AotError) as error:
        parse(content, "model", name, settings_of(**settings))
    return str(error.value)


def _read(content: bytes) -> Graph:
    return parse(content, "model", "model.keras")


def test_a_file_written_by_hand_is_read() -> None:
    graph = _read(keras_file(sequential(dense("first")), weights_of_dense()))
    assert graph[graph.outputs[0]].shape == (1, 3)


def test_all_layers_that_are_not_supported_are_listed_at_once() -> None:
    inner = sequential(layer("Lambda", "deep", function=_CODE))
    model = sequential(
        layer("Lambda", "scale", function=_CODE), layer("Attend", "mine", module="my.package"),
        layer("ConvLSTM2D", "rows"), {**inner, "config": {**inner["config"], "name": "inside"}},
    )  # fmt: skip
    message = _message(keras_file(model))
    assert "4 layers are not supported" in message
    assert "Lambda scale: holds Python code, which aot never runs" in message
    assert "Attend mine: a class of my.package: holds Python code" in message
    assert "ConvLSTM2D rows: aot does not have this layer" in message
    assert "Lambda inside/deep" in message


def test_an_activation_that_is_code_is_refused() -> None:
    written = {"module": "builtins", "class_name": "function", "config": "swoosh", "registered_name": "my>swoosh"}
    model = sequential(layer("Dense", "first", units=3, activation=written))
    assert "Dense first: the activation swoosh" in _message(keras_file(model, weights_of_dense()))
    model = sequential(layer("Dense", "first", units=3, activation={"class_name": "function", "module": "mine"}))
    assert "which aot never runs" in _message(keras_file(model, weights_of_dense()))


def test_a_model_that_keras_quantized_is_refused() -> None:
    policy = {"module": "keras", "class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}
    assert "was quantized by Keras" in _message(keras_file(sequential(layer("Dense", "first", units=3, dtype=policy))))


def test_a_class_of_its_own_is_refused() -> None:
    message = _message(keras_file({"module": "mine", "class_name": "MyModel", "config": {}}))
    assert "holds a MyModel, which only the Python code that made it can build" in message


def test_a_model_that_was_never_built_is_refused() -> None:
    model = {"class_name": "Sequential", "config": {"name": "m", "layers": [dense("first")]}}
    assert "does not say the shape of its input" in _message(keras_file(model))


def test_weights_alone_are_no_model() -> None:
    content = hdf5(lambda file: file.create_dataset("layers/dense/vars/0", data=np.zeros(3)))
    assert "has no Keras model in it" in _message(content, "model.weights.h5")


def test_weights_that_are_missing_are_named() -> None:
    message = _message(keras_file(sequential(dense("first"), dense("second")), weights_of_dense()))
    assert "layers/dense_1/vars/0 are missing" in message


def test_weights_that_are_not_finite_are_named() -> None:
    weights = weights_of_dense()
    weights["layers/dense/vars/0"][0, 0] = np.nan
    assert "its kernel has values that are not finite" in _message(keras_file(sequential(dense("first")), weights))


def _external_link(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/1", data=np.zeros(3, np.float32))
    file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/x")


def _soft_link(file: h5py.File) -> None:
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense/vars/0")


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4, 3), np.float32)
    layout[...] = h5py.VirtualSource("other.h5", "x", (4, 3))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def _external(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (4, 3), np.float32, external=[("/etc/passwd", 0, 48)])


def _compressed(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", data=np.zeros((4, 3), np.float32), compression="gzip")


def _huge(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (1 << 20, 1 << 20), np.float32, chunks=(1, 1))


def _objects(file: h5py.File) -> None:
    file.create_dataset("layers/dense/vars/0", (4, 3), h5py.string_dtype())


@pytest.mark.parametrize(
    ("fill", "what"),
    [
        (_external_link, "are missing"),
        (_soft_link, "are missing"),
        (_virtual, "are compressed, or kept elsewhere"),
        (_external, "are compressed, or kept elsewhere"),
        (_compressed, "are compressed, or kept elsewhere"),
        (_huge, "which aot does not support"),
        (_objects, "which aot does not support"),
    ],
)
def test_nothing_is_read_but_plain_arrays_in_the_file(fill: Callable[[h5py.File], None], what: str) -> None:
    assert what in _message(keras_file(sequential(dense("first")), hdf5(fill)))


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    members = members_of(keras_file(sequential(dense("first")), weights_of_dense()))
    assert "config.json in model.keras has more than" in _message(
        archive_of({**members, "config.json": b" " * (17 << 20)})
    )


def test_an_archive_without_weights_is_refused() -> None:
    members = members_of(keras_file(sequential(dense("first"))))
    del members["model.weights.h5"]
    assert "has no model.weights.h5" in _message(archive_of(members))


def test_models_in_models_have_an_end() -> None:
    model = sequential(dense("first"))
    for _ in range(200):
        model = {"class_name": "Sequential", "config": {"name": "m", "layers": [model]}}
    assert "does not say the shape" in _message(keras_file(model))
    model["config"]["layers"].insert(0, sequential()["config"]["layers"][0])
    assert "layers in layers" in _message(keras_file(model))


def test_a_mask_that_somebody_looks_at_is_refused() -> None:
    model = sequential(
        layer("Embedding", "words", input_dim=9, output_dim=4, mask_zero=True), layer("Dropout", "none", rate=0.1),
        layer("GlobalAveragePooling1D", "mean"),
    )  # fmt: skip
    weights = {"layers/embedding/vars/0": np.zeros((9, 4), np.float32)}
    message = _message(keras_file(model, weights))
    assert "GlobalAveragePooling1D mean: its input has a mask" in message


def test_a_free_dimension_is_asked_for() -> None:
    message = _message(FILES["free"].read_bytes())
    assert "--input-shape x=1,D1,4" in message


def test_a_port_that_is_not_there_is_named() -> None:
    content = FILES["free"].read_bytes()
    assert "has no input called 'y'" in _message(content, input_shapes={"y": (1, 7, 4)})


def test_h5py_is_asked_for() -> None:
    program = "import sys; sys.modules['h5py'] = None; from aot.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program, "inspect", FILES["mlp"]], capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs the package h5py" in done.stderr and 'pip install "aot-mcu[keras]"' in done.stderr


def test_the_command_refuses_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(keras_file(sequential(layer("Lambda", "scale", function=_CODE))))
    message = refused("build", path, "--board", "host", "-o", tmp_path / "out")
    assert "Lambda scale" in message and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_damage() -> None:
    """To bytes, to weights and to what the JSON says."""
    models = [FILES[name] for name in ("mlp", "sequence", "shared", "stateful", "merges", "h5_nested", "h5_recurrent")]
    fuzz("fuzz_keras.py", *models, "--count", 105)
