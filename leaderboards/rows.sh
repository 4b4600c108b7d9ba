#!/usr/bin/env bash
# Makes every published row again: runs, then publishes. Usage: leaderboards/rows.sh [shapes|cifar10|cifar100]…
# CIFAR-10 is looked for in ZSLBENCH_DATA_DIR. What is cached or finished is not computed again.
set -eu
cd "$(dirname "$0")/.."
OUT=${OUT:-zslbench-runs/published}
THREADS=${THREADS:-2}

run() { # DATASET SEEDS OPTIONS…
    local dataset=$1 seeds=$2
    shift 2
    zslbench run --dataset "$dataset" --seeds "$seeds" --threads "$THREADS" --out "$OUT" "$@"
}

rows() { # DATASET SEEDS SWAP_SEEDS
    local dataset=$1 seeds=$2 swaps=$3
    run "$dataset" "$seeds" --method socher2013
    run "$dataset" "$seeds" --method chance
    for gate in none all-seen all-unseen; do
        run "$dataset" "$seeds" --method socher2013 --gate "$gate"
    done
    run "$dataset" "$seeds" --method socher2013 --reference oracle
    run "$dataset" "$swaps" --method socher2013 --reference supervised
    run "$dataset" "$swaps" --method socher2013 --mapping linear
    run "$dataset" "$swaps" --method socher2013 --embedding random
    run "$dataset" "$swaps" --method socher2013 --backbone pixels
}

plans() { # DATASET: every plan of plans/ that is its own
    local plan
    for plan in leaderboards/plans/"$1"*.toml; do
        case $(basename "$plan" .toml) in
            "$1" | "$1"-*) zslbench run "$plan" --threads "$THREADS" --out "$OUT" ;;
        esac
    done
}

for dataset in "${@:-shapes}"; do
    case $dataset in
        shapes) rows shapes 0-4 0-4 ;;
        cifar10) rows cifar10 0-2 0; plans cifar10 ;;
        cifar100) plans cifar100 ;;
        *) echo "no rows are defined for '$dataset': shapes, cifar10 or cifar100" >&2; exit 2 ;;
    esac
done
zslbench leaderboard publish --out "$OUT" "$OUT"/runs/*
