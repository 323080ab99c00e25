"""What setuptools does not do by itself. All else about the package is in `pyproject.toml`.

- The package index shows the README under another address: its relative links become absolute.
- A module that was deleted is still in `build/lib` of an earlier build. Such files are removed.
- Archives made from the same commit have the same bytes, if `SOURCE_DATE_EPOCH` is set. So owners,
  modes, order and times do not come from the machine.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tarfile
import time
import tomllib
import zipfile
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent


def readme(text: str, repository: str, version: str) -> str:
    """The README, with links into the repository at the tag of this version."""
    tree = f"{repository}/blob/v{version}"
    parts = re.split(r"(^```.*?^```)", text, flags=re.S | re.M)  # every second part is code
    link = r"\]\((?![a-z]+:|#)"
    return "".join(
        part if code else re.sub(link, f"]({tree}/", part)
        for part, code in zip(parts, [False, True] * len(parts), strict=False)
    )


def long_description() -> str:
    with open(HERE / "pyproject.toml", "rb") as file:
        repository = tomllib.load(file)["project"]["urls"]["Repository"]
    source = (HERE / "keratorch" / "_version.py").read_text(encoding="utf-8")
    version = re.findall(r'^__version__ = "(.+)"$', source, re.M)[0]
    return readme((HERE / "README.md").read_text(encoding="utf-8"), repository, version)


class FreshBuild(build_py):
    """Copies the modules to a folder without those of an earlier build."""

    def run(self) -> None:
        if not self.editable_mode:
            for package in {name.partition(".")[0] for name in self.packages}:
                shutil.rmtree(Path(self.build_lib, package), ignore_errors=True)
        super().run()


class PlainWheel(bdist_wheel):
    """A wheel whose files have the mode 644."""

    def run(self) -> None:
        shutil.rmtree(self.bdist_dir, ignore_errors=True)  # a build that failed leaves it
        super().run()
        path = Path(self.distribution.dist_files[-1][2])
        with zipfile.ZipFile(path) as wheel:
            members = [(member, wheel.read(member)) for member in wheel.infolist()]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
            for member, data in members:
                plain = zipfile.ZipInfo(member.filename, member.date_time)
                plain.external_attr = 0o100644 << 16
                plain.compress_type = zipfile.ZIP_DEFLATED
                wheel.writestr(plain, data)


class PlainSdist(sdist):
    """A source archive without owners, with sorted names, plain modes and one time."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):
        if format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)
        moment = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))

        def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.mtime = moment
            return member

        path = Path(f"{base_name}.tar.gz")
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            open(path, "wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=moment) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            tar.add(Path(root_dir or ".", base_dir), base_dir, filter=plain)  # sorted by name
        return str(path)


if __name__ == "__main__":
    setup(
        long_description=long_description(),
        long_description_content_type="text/markdown",
        cmdclass={"build_py": FreshBuild, "bdist_wheel": PlainWheel, "sdist": PlainSdist},
    )
