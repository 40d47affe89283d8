#!/usr/bin/env bash
# One job of a Slurm array: runs a command for its share, the SLURM_ARRAY_TASK_ID-th of as many as the array has.
# sbatch --wait --array=1-16 local/array_job.sh COMMAND ...   calls   COMMAND ... --nj 16 --job 1   and so on.
set -euo pipefail

: "${SLURM_ARRAY_TASK_ID:?to be called by sbatch --array=1-N}" "${SLURM_ARRAY_TASK_MAX:?}"
exec "$@" --nj "$SLURM_ARRAY_TASK_MAX" --job "$SLURM_ARRAY_TASK_ID"
