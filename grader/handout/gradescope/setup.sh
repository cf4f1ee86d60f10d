#!/usr/bin/env bash
# Gradescope runs this as root, once, to build the image in which it grades every submission.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")"
. ./settings

# Where no sandbox starts, notebooks run as another user, who must not read the rubric.
chown -R root:root .
chmod -R go= .

apt-get update
apt-get install -y --no-install-recommends bubblewrap ca-certificates python3-venv

# A Python that every user can start, of the version that constraints.txt was made with.
python3 -m venv /opt/uv
/opt/uv/bin/pip install uv
export UV_PYTHON_INSTALL_DIR=/opt/python UV_PYTHON_PREFERENCE=only-managed
/opt/uv/bin/uv venv --python "$version" /opt/grader
/opt/uv/bin/uv pip install --no-cache --python /opt/grader/bin/python --torch-backend cpu \
    --constraint constraints.txt --requirement requirements.txt

# The data are for all to read, the runs of the reference solution are not.
install -d -m 755 "$XDG_CACHE_HOME" "$XDG_CACHE_HOME/grader"
install -d -m 700 "$XDG_CACHE_HOME/grader/reference"
if [ "$profile" = full ]; then
    /opt/grader/bin/grader data fetch -a "$assignment"
fi

# Grade the reference solution, so that what does not work shows now. Its runs are kept for all submissions.
trial=$(mktemp -d)
mkdir "$trial/submission"
cp "$reference" "$trial/submission"
ln -s "$PWD" "$trial/source"
AUTOGRADER_ROOT=$trial bash run_autograder
if ! grep -q '^  "score"' "$trial/results/results.json"; then
    cat "$trial/results/results.json"
    exit 1
fi
rm -r "$trial"
