"""Pickles of `GradArray`s: their home, their version, and what is checked."""

import pickle
import pickletools

import numpy as np
import pytest

import keratorch as kt
from keratorch import serialization
from tests.processes import run_python


@pytest.fixture
def leaf(xp, device):
    x = xp.asarray([1.0, 2.0], dtype=xp.float32, device=device, requires_grad=True)
    x.name = "w"
    kt.sum(x * x).backward()
    return x


def state_of(x):
    function, (version, state) = x.__reduce__()
    assert function is serialization.restored and version == serialization.VERSION
    return dict(state)


def test_a_pickle_names_the_public_home_and_a_version():
    code = pickle.dumps(kt.GradArray([1.0]), 2)
    names = [arg for _, arg, _ in pickletools.genops(code) if isinstance(arg, str)]
    assert "keratorch.serialization restored" in names
    assert not [n for n in names if "keratorch" in n and n.split()[0] != serialization.__name__
                and not n.startswith("keratorch.backends")]  # fmt: skip
    assert serialization.VERSION == 1
    assert serialization.restored.__module__ == "keratorch.serialization"


def test_what_is_kept(leaf):
    for x in (leaf, leaf.detach(), kt.asarray([1, 2])):
        y = pickle.loads(pickle.dumps(x))
        assert type(y) is kt.GradArray and type(y._array) is type(x._array)
        assert (y.device, y.dtype, y.name) == (x.device, x.dtype, x.name)
        assert y.requires_grad == x.requires_grad and y.is_leaf
        np.testing.assert_array_equal(y.numpy(), x.numpy())
    y = pickle.loads(pickle.dumps(leaf))
    np.testing.assert_array_equal(kt.asarray(y.grad).numpy(), [2.0, 4.0])
    assert kt.asarray(y.grad).device == leaf.device


def test_a_pickle_is_read_without_an_import_by_hand(tmp_path):
    file = tmp_path / "w.pickle"
    file.write_bytes(pickle.dumps(kt.GradArray([1.0, 2.0], name="w")))
    out = run_python(f"""
        import pickle
        x = pickle.loads(open({str(file)!r}, "rb").read())
        print(type(x).__module__, x.name, x.numpy().tolist(), x.requires_grad)
    """)
    assert out.split() == ["keratorch.core.array", "w", "[1.0,", "2.0]", "True"]


WRONG = {
    "no array": ({"array": "rm -rf"}, kt.StructureError, "holds a str in place of an array"),
    "a GradArray": ({"array": kt.ones(2)}, kt.StructureError, "holds a GradArray"),
    "objects": ({"array": np.array([1, None])}, kt.DTypeError, "booleans and numbers"),
    "name": ({"name": 5}, kt.StructureError, "'name' is a int"),
    "requires_grad": ({"requires_grad": 1}, kt.StructureError, "'requires_grad' is a int"),
    "integers": ({"array": np.array([1, 2])}, kt.DTypeError, "only floating"),
    "device": ({"device": "cpu"}, kt.StructureError, "'device' is a str"),
    "shape of grad": ({"grad": np.ones(3)}, kt.ShapeError, r"damaged: .*\(3,\).*\(2,\)"),
    "dtype of grad": ({"grad": np.ones(2, np.float32)}, kt.DTypeError, "damaged: .*float32"),
    "type of grad": ({"grad": [1.0, 2.0]}, kt.UnknownArrayError, "damaged: .*list"),
    "kind of grad": ({"grad": np.ma.ones(2)}, kt.UnknownArrayError, "damaged: .*MaskedArray"),
    "more": ({"code": 1}, kt.StructureError, "others than keratorch's: code"),
}


@pytest.mark.parametrize("case", WRONG)
def test_entries_that_do_not_fit_are_refused(case):
    change, error, message = WRONG[case]
    state = {**state_of(kt.GradArray([1.0, 2.0])), **change}
    with pytest.raises(error, match=message):
        serialization.restored(1, state)


@pytest.mark.parametrize("name", ["array", "requires_grad", "name", "grad", "device"])
def test_entries_that_are_missing_are_named(name):
    state = state_of(kt.GradArray([1.0, 2.0]))
    del state[name]
    with pytest.raises(kt.StructureError, match=f"lacks entries, .*{name}"):
        serialization.restored(1, state)


def test_a_grad_of_another_library_or_device_is_refused():
    strict = pytest.importorskip("array_api_strict")
    state = state_of(kt.GradArray([1.0, 2.0]))
    state["grad"] = strict.ones(2)
    with pytest.raises(kt.DeviceMismatchError, match="damaged"):
        serialization.restored(1, state)


def test_versions():
    state = state_of(kt.GradArray([1.0]))
    with pytest.raises(kt.StructureError, match=r"format 2, .* up to 1: load it with a newer"):
        serialization.restored(2, state)
    for version in (0, -1, "1", None, True, 1.0):
        with pytest.raises(kt.StructureError, match="damaged"):
            serialization.restored(version, state)
    for wrong in (None, [], (1, 2), "state"):
        with pytest.raises(kt.StructureError, match="its state is a"):
            serialization.restored(1, wrong)


def test_a_pickle_that_is_cut_off_is_an_error():
    code = pickle.dumps(kt.GradArray([1.0, 2.0]))
    for end in range(0, len(code), 7):
        with pytest.raises((EOFError, pickle.UnpicklingError, kt.KeratorchError, ValueError)):
            pickle.loads(code[:end])


def test_values_travel_without_a_pickle(tmp_path):
    w = kt.GradArray([1.0, 2.0])
    np.save(tmp_path / "w.npy", w.numpy())
    x = kt.GradArray(np.load(tmp_path / "w.npy", allow_pickle=False))
    np.testing.assert_array_equal(x.numpy(), [1.0, 2.0])
