"""What a release needs: places that agree, pinned actions, links that lead somewhere."""

import importlib
import importlib.util
import re
import shutil
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: What repeats the address of the repository or the version.
FILES = [
    *("pyproject.toml", "CITATION.cff", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md"),
    *("README.md", ".github/ISSUE_TEMPLATE/config.yml", "ci/conda/recipe.yaml"),
    "keratorch/_version.py",
]


@pytest.fixture
def script(monkeypatch):
    """Imports a script of the folder ci/."""
    monkeypatch.syspath_prepend(str(ROOT / "ci"))
    return importlib.import_module


@pytest.fixture
def tree(tmp_path):
    """A copy of the files that repeat things, before the first release."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    path = tmp_path / "CITATION.cff"
    text = re.sub(r"(?m)^(# )?date-released.*$", "# date-released: later", path.read_text("utf-8"))
    path.write_text(text, encoding="utf-8")
    text = "# Changelog\n\n## [Unreleased]\n\n### Added\n- All.\n"
    (tmp_path / "CHANGELOG.md").write_text(text, encoding="utf-8")
    return tmp_path


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_version_is_the_same_everywhere(script):
    assert script("versions").disagreements() == []


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("CITATION.cff", "version: 0", "version: 7"),
        ("ci/conda/recipe.yaml", '  version: "0', '  version: "7'),
        ("CHANGELOG.md", "## [Unreleased]", "## Unreleased"),
        ("CHANGELOG.md", "## [Unreleased]", "## [Unreleased]\n\n## [0.0.1] - last year"),
        ("CITATION.cff", "# date-released: ", "date-released: 2026-01-31 # "),
    ],
)
def test_a_place_that_differs_is_named(script, tree, name, old, new):
    edit(tree / name, old, new)
    wrong = script("versions").disagreements(tree)
    assert wrong and all(name in line for line in wrong)


def test_a_release_gets_its_version_and_date_everywhere(script, tree):
    versions, address = script("versions"), script("set_repository")
    address.set_address(address.PLACEHOLDER, tree)
    (tree / "README.md").write_text("There is no release yet.", encoding="utf-8")
    where, date, pages = versions.left(tree)
    assert "set_repository" in where and "versions.py --set" in date and "README.md" in pages
    for name in "README.md", "SECURITY.md":
        (tree / name).write_text("pip install keratorch-autograd", encoding="utf-8")
    address.set_address("somebody/keratorch", tree)
    versions.set_version("7.0.0rc1", "2026-01-31", tree)
    assert versions.version(tree) == "7.0.0rc1"
    assert versions.disagreements(tree) == versions.left(tree) == []
    assert versions.changelog(tree)[0][2] == ""
    assert versions.changelog(tree)[1][:2] == ("7.0.0rc1", "2026-01-31")
    edit(tree / "CHANGELOG.md", "## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n- A bug.\n")
    (left,) = versions.left(tree)
    assert "raise the version" in left
    versions.set_version("7.0.0", "2026-02-01", tree)
    assert versions.disagreements(tree) == versions.left(tree) == []
    with pytest.raises(ValueError, match=r"has the version 7\.0\.0 already"):
        versions.set_version("7.0.0", "2026-02-02", tree)


@pytest.mark.parametrize(
    "version, date", [("7", "2026-01-31"), ("v7.0.0", "2026-01-31"), ("7.0.0", "31.1.2026")]
)
def test_what_is_no_version_or_no_date_is_refused(script, tree, version, date):
    with pytest.raises(ValueError, match=r"is no (version|date) such as"):
        script("versions").set_version(version, date, tree)
    assert script("versions").disagreements(tree) == []


def test_the_address_of_the_repository_is_one(script):
    """Every address that names the host or the repository is that of pyproject.toml."""
    module = script("set_repository")
    address = module.address()
    host = address.split("/")[2]
    placed = [path.relative_to(ROOT).as_posix() for path in module.places()]
    assert {"pyproject.toml", "CITATION.cff", "SECURITY.md", "ci/conda/recipe.yaml"} <= {*placed}
    for pattern in module.PLACES:
        for path in ROOT.glob(pattern):
            text = path.read_text(encoding="utf-8")
            named = re.findall(r"https://[\w.-]+/[\w./-]*keratorch[\w-]*", text)
            assert all(name.startswith(address) for name in named), path
            assert host == "github.com" or text.count(host) == len(
                module.whole(address).findall(text)
            )
    assert all(url.startswith(address) for url in PROJECT["urls"].values())


def test_one_command_changes_the_address(script, tree):
    module = script("set_repository")
    changed = module.set_address("somebody/somewhere", tree)
    assert module.address(tree) == "https://github.com/somebody/somewhere"
    assert changed == list(module.places(tree))
    for path in changed:
        assert module.address() not in path.read_text(encoding="utf-8")
    module.set_address(module.address(), tree)
    for name in set(FILES) - {"CITATION.cff", "CHANGELOG.md"}:
        assert (tree / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.parametrize("wrong", ["keratorch", "https://github.com", "a/b/c", "https://x.org/a/"])
def test_what_is_no_address_is_refused(script, tree, wrong):
    with pytest.raises(ValueError, match=r"is no OWNER/NAME"):
        script("set_repository").set_address(wrong, tree)


def test_links_of_the_readme_are_absolute_on_the_index():
    pytest.importorskip("setuptools", "77", reason="setup.py needs setuptools 77")
    spec = importlib.util.spec_from_file_location("setup_of_keratorch", ROOT / "setup.py")
    setup = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(setup)
    text = (
        "[a](docs/ops.md#sin) [b](https://x.org) [c](#top)\n```python\nf[0](x)\n```\n[d](LICENSE)"
    )
    assert setup.readme(text, "https://y.org/k", "1.2.3") == (
        "[a](https://y.org/k/blob/v1.2.3/docs/ops.md#sin) [b](https://x.org) [c](#top)\n"
        "```python\nf[0](x)\n```\n[d](https://y.org/k/blob/v1.2.3/LICENSE)"
    )


def test_the_recipe_has_the_requirements_of_the_package():
    recipe = (ROOT / "ci" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    run = recipe.partition("  run:\n")[2].partition("\n\n")[0]
    found = [line.strip(" -") for line in run.splitlines()]
    wanted = [f"python{PROJECT['requires-python']}", *PROJECT["dependencies"]]
    assert [name.replace(" ", "") for name in found] == wanted
    assert f"name: {PROJECT['name']}" in recipe and f"license: {PROJECT['license']}" in recipe
    assert f"summary: {PROJECT['description']}" in recipe


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(path):
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"uses: (.+)", text)
    for action in used:
        assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    assert "permissions:" in text and "timeout-minutes:" in text


def test_an_action_has_one_hash():
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS]
    used = {line for text in texts for line in re.findall(r"uses: (.+)", text)}
    assert len(used) == len({line.partition("@")[0] for line in used})
