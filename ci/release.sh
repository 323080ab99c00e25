#!/usr/bin/env bash
# Rehearses a release: all of it that needs no network. It builds the last commit, not the files that
# lie in the tree, and says at its end what is left to do by hand.
#
#     bash ci/release.sh              rehearses
#     bash ci/release.sh v0.1.0       checks the release with this tag: nothing may be left to do
#
# PYTHON             the interpreter (default: .venv/bin/python), with what `dev` installs
# KERATORCH_DIST     a folder that gets the archives; it must be empty or missing
# KERATORCH_WHEELS   a folder with wheels of NumPy and array-api-compat. The wheel of keratorch is then
#                    installed with them in an empty environment. Without the folder, the environment
#                    borrows these two packages from PYTHON.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tag=${1:-}
case $tag in
    -h | --help)
        sed -n '2,/^set /s/^# \{0,1\}//p' ci/release.sh
        exit 0
        ;;
    -*)
        printf 'ci/release.sh: there is no option %s; the argument is a tag, such as v0.1.0\n' "$tag" >&2
        exit 2
        ;;
esac
python=$(command -v "${PYTHON:-.venv/bin/python}") || {
    printf 'ci/release.sh: there is no %s: run bash ci/run setup, or set PYTHON\n' \
        "${PYTHON:-.venv/bin/python}" >&2
    exit 2
}
case $python in /*) ;; *) python=$PWD/$python ;; esac

fail() {
    printf 'ci/release.sh: %s\n' "$*" >&2
    exit 1
}

# quietly COMMAND: shows what the command says only if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        fail "this failed: $*"
    }
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '>>> versions, changelog, citation, recipe\n'
left=$("$python" ci/versions.py "$tag") || exit

printf '>>> the tree\n'
git rev-parse --verify --quiet HEAD >/dev/null || fail "this is no clone: there is no commit to build"
changes=$(git status --porcelain)
if [ -n "$changes" ]; then
    [ -z "$tag" ] || fail "the tree has changes that are not committed:"$'\n'"$changes"
    left="left: commit or remove what git status lists"$'\n'"$left"
fi
if [ -n "$tag" ] && ! git tag --points-at HEAD | grep -qxF "$tag"; then
    fail "the tag $tag is not at the commit that is checked out"
fi

printf '>>> wheel and sdist, built twice\n'
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct HEAD)
export SOURCE_DATE_EPOCH
for n in 1 2; do
    # Another folder, other modes and other times give the same bytes.
    (
        if [ "$n" = 1 ]; then umask 022; else umask 077; fi
        mkdir -p "$work/tree-$n"
        git archive HEAD | tar -x -C "$work/tree-$n"
        if [ "$n" = 2 ]; then find "$work/tree-$n" -type f -exec touch {} +; fi
        # --no-isolation: what builds is installed already. The wheel is built from the sdist.
        quietly "$python" -m build --no-isolation --outdir "$work/dist-$n" "$work/tree-$n"
    )
done
archives=("$work"/dist-1/*)
[ "${#archives[@]}" = 2 ] || fail "there are ${#archives[@]} archives, in place of two"
for archive in "${archives[@]}"; do
    cmp "$archive" "$work/dist-2/${archive##*/}" || fail "two builds of ${archive##*/} differ"
done
wheel=("$work"/dist-1/*.whl) sdist=("$work"/dist-1/*.tar.gz)

printf '>>> what is in them\n'
mkdir "$work/sdist"
tar -x -z -f "${sdist[0]}" -C "$work/sdist" --strip-components=1
"$python" "$work/tree-1/ci/archives.py" "$work/tree-1" "${sdist[0]}" "${wheel[0]}"
if "$python" -c 'import twine' 2>/dev/null; then
    quietly "$python" -m twine check --strict "${archives[@]}"
else
    printf 'twine is not installed: how the index shows the README was not checked\n'
fi

printf '>>> the wheel in an environment of its own\n'
quietly "$python" -m venv "$work/venv"
clean=$work/venv/bin/python
if [ -n "${KERATORCH_WHEELS:-}" ]; then
    quietly "$clean" -m pip install --no-index --find-links "$KERATORCH_WHEELS" "${wheel[0]}"
else
    quietly "$clean" -m pip install --no-index --no-deps "${wheel[0]}"
    where='import sysconfig; print(sysconfig.get_path("purelib"))'
    "$python" -c "$where" >"$("$clean" -c "$where")/borrowed.pth"
fi
(cd / && "$clean" -I -W error "$work/tree-1/ci/smoke.py")

printf '>>> some tests of the sdist\n'
(
    cd "$work/sdist"
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" -m pytest --brief -q -p no:cacheprovider \
        tests/unit/test_grad.py tests/unit/test_docs.py tests/unit/test_packaging.py \
        tests/unit/test_release.py
)

if [ -n "${KERATORCH_DIST:-}" ]; then
    mkdir -p "$KERATORCH_DIST"
    [ -z "$(ls -A "$KERATORCH_DIST")" ] || fail "$KERATORCH_DIST is not empty"
    cp "${archives[@]}" "$KERATORCH_DIST"
fi
printf '\nSOURCE_DATE_EPOCH=%s\n' "$SOURCE_DATE_EPOCH"
(cd "$work/dist-1" && "$python" -c '
import hashlib, pathlib, sys
for name in sys.argv[1:]:
    print(hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest(), name, sep="  ")
' "${archives[@]##*/}")
printf '%s' "${left:+$left$'\n'}"
if [ -z "$tag" ]; then
    printf 'left: tag the commit, push the tag, approve the upload (docs/releasing.md)\n'
fi
printf 'ci/release.sh: all is well\n'
