#!/usr/bin/env bash
# The public conformance suite of the Array API standard (data-apis/array-api-tests), run on keratorch.
#
#     ARRAY_API_TESTS_DIR=... bash ci/array_api_tests.sh [arguments for pytest]
#
# It needs the packages of the suite's requirements.txt beside keratorch. Known failures are listed,
# each with its reason, in ci/array_api_known_failures.txt; one that passes is reported as XPASS.
#
# ARRAY_API_TESTS_DIR      a checkout of the suite, with data-apis/array-api inside it as `array-api`
# ARRAY_API_TESTS_MODULE   what is tested (default: keratorch): `array_api_compat.numpy`, or code,
#                          as in "exec('import keratorch; xp = keratorch.namespace(\"torch\")')"
# ARRAY_API_TESTS_VERSION  of the standard (default: 2025.12)
# ARRAY_API_MAX_EXAMPLES   of each property (default: 5)
# ARRAY_API_XFAILS         the list of known failures; empty for none
# PYTHON                   the interpreter (default: python)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

suite=${ARRAY_API_TESTS_DIR:?names no checkout of data-apis/array-api-tests}
if [ ! -d "$suite/array-api/spec" ]; then
    echo "$suite/array-api must be a checkout of data-apis/array-api" >&2
    exit 2
fi
export ARRAY_API_TESTS_MODULE=${ARRAY_API_TESTS_MODULE:-keratorch}
export ARRAY_API_TESTS_VERSION=${ARRAY_API_TESTS_VERSION:-2025.12}
export PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}"
xfails=${ARRAY_API_XFAILS-$here/array_api_known_failures.txt}

cd "$suite"
exec "${PYTHON:-python}" -m pytest array_api_tests -q -p no:cacheprovider --disable-warnings \
    --hypothesis-seed=0 --max-examples="${ARRAY_API_MAX_EXAMPLES:-5}" \
    ${xfails:+--xfails-file "$xfails"} "$@"
