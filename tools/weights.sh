#!/usr/bin/env bash
# Both networks from the start: clones of public repositories in, weights, scores and model card out.
#
#   tools/weights.sh CLONES DATA WORK          see docs/training.md; `make weights` calls it
#   LIST=1 tools/weights.sh CLONES DATA WORK   only says what it would run
#   PACK=1 tools/weights.sh CLONES DATA WORK   stops before the training and packs the data for another machine
#
# A step whose result is there is skipped, and what was stopped goes on, but for cut-outs, which begin anew: start the
# same again.
set -euo pipefail
cd "$(dirname "$0")/.."
clones=${1:?folder with clones of the repositories} data=${2:?data folder with train and val} work=${3:?folder for results}
onnx=src/tress/catalog/weights
cut=ccp-photos-hd,clothes,dreambooth-photos-hd,trash-objects,caltech101-photos

# step RESULT COMMAND...: runs the command unless the result is there; one that leaves no such file gets an empty one.
step() {
  local result=$1
  shift
  if [ -n "${LIST:-}" ]; then
    echo "$*"
  elif [ -e "$result" ]; then
    echo "is there: $result" >&2
  else
    echo "$*" >&2
    "$@"
    [ -e "$result" ] || touch "$result"
  fi
}

[ -n "${LIST:-}" ] || mkdir -p "$work"
step "$work/gathered" tress-train gather --from "$clones" --out "$work/data"
# IS-Net as benchmarks/fetch_peers.py fetches it, fed as its authors do.
half=0.50196078 whole=1.00392157
step "$work/labelled" tress-train distil --data "$work/data" --out "$work/labels" \
  --teacher .cache/peers/isnet-general-use.onnx --long-side 1024 --stretch --mean $half,$half,$half --std $whole,$whole,$whole
step "$work/cutouts/manifest.jsonl" tress-train cutouts --data "$work/data" --data "$work/labels" --sets "$cut" \
  --keep-edge --out "$work/cutouts"
step "$work/screens/manifest.jsonl" python tools/screens.py --photos "$work/data/caltech101-photos" \
  --photos "$work/data/osie-scenes" --photos "$work/data/emod-places" --out "$work/screens"
if [ -n "${PACK:-}" ]; then
  # Parts of at most 60 MB; the pictures keep the keys that they have in their folders.
  step "$work/packed/own/shards.json" tress-train shards "$data" "$work/packed/own"
  for folder in data labels cutouts screens; do
    step "$work/packed/$folder/shards.json" tress-train shards "$work/$folder" "$work/packed/$folder"
  done
  exit
fi
step "$work/located" tress-train run locator --data "$data" --data "$work/data" --data "$work/labels" \
  --data "$work/cutouts" --data "$work/screens" --out "$work/locator"
step "$work/refined" tress-train run refiner --data "$data" --data "$work/data" --out "$work/refiner" \
  --set "locator_weights=$work/locator/ema.pt"
step "$work/exported-locator" tress-train export "$work/locator/ema.pt" $onnx/tress-locator.onnx --run "$work/locator"
step "$work/exported-refiner" tress-train export "$work/refiner/ema.pt" $onnx/tress-refiner.onnx --task refiner \
  --run "$work/refiner"
# What says how the networks are fed in browsers, and what they answer to the examples.
step "$work/constants" python tools/web_constants.py
step "$work/golden" python tests/golden/make_golden.py
step "$work/scores/report.json" tress eval "$data/val" --model default --out "$work/scores"
step "$work/card" tress-train card "$work/locator" "$work/refiner" --scores "$work/scores/report.json" \
  --about weights/about.md --notes weights/failures.md
