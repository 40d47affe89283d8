#!/usr/bin/env bash
# Renders and trains with a real Slurm on this machine: an array of two jobs for stage 2; then two tasks of srun,
# cancelled after the first epoch, then resumed.
#
# Not part of `make test`. Needs root and Debian's packages:
#   apt-get install --no-install-recommends slurmctld slurmd slurm-client munge
# All daemons run from a temporary folder with ports of their own, and end with this script.
set -euo pipefail

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
python=${PYTHON:-$repository/.venv/bin/python}

fail() {
    printf 'single_node.sh: %s\n' "$*" >&2
    exit 1
}

[[ $EUID == 0 ]] || fail "run it as root: slurmd starts jobs for other users"
export PATH=$PATH:/usr/sbin
for program in munged slurmctld slurmd srun sbatch scancel; do
    type -P "$program" >/dev/null ||
        fail "$program is missing: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge"
done

work=$(mktemp -d /tmp/slurm_test.XXXXXX)
daemons=()
finish() {
    local status=$?
    scancel --user root 2>/dev/null || true
    # The daemons end the processes of a job, so they go last.
    for _ in {1..20}; do
        squeue --noheader 2>/dev/null | grep -q . || break
        sleep 1
    done
    ((${#daemons[@]} == 0)) || kill "${daemons[@]}" 2>/dev/null || true
    wait
    if ((status)); then
        tail -n 20 "$work"/*.log >&2 || true
        printf 'the logs are kept in %s\n' "$work" >&2
    else
        rm -rf -- "$work"
    fi
}
trap finish EXIT
trap 'exit 143' INT TERM

# until_true SECONDS COMMAND...: waits for the command to succeed.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || fail "this did not come true in time: $*"
        sleep 1
    done
}

host=$(hostname -s)
export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
mkdir "$work"/{state,spool}
chmod 755 "$work"  # munge wants the folder of its socket to be reachable
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 600 "$work/munge.key"

munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
    --pid-file="$work/munged.pid" --seed-file="$work/munge.seed" --log-file="$work/munged_own.log" \
    >"$work/munged.log" 2>&1 &
daemons+=($!)
until_true 20 test -S "$work/munge.socket"
slurmctld -D -i >"$work/slurmctld.log" 2>&1 &
daemons+=($!)
slurmd -D >"$work/slurmd.log" 2>&1 &
daemons+=($!)
until_true 60 bash -c "sinfo --noheader --format=%t | grep -q idle"
printf 'Slurm %s runs on %s\n' "$(srun --version)" "$host"

# The recipe on toy data; stages 2 and 5 go to Slurm by array_cmd and train_cmd, as cmd.sh describes.
recipe=("$repository/egs2/urgent26/enh1/run.sh" --python "$python" --nj 2 --mini_utterances 12 --enh_tag toy
    --datadir "$work/data" --dumpdir "$work/dump" --expdir "$work/exp")
export train_cmd="srun --ntasks=2 --cpus-per-task=1 --kill-on-bad-exit=1" OMP_NUM_THREADS=1
array="sbatch --wait --array=1-2 --cpus-per-task=1 --output=$work/array_%a.log $repository/local/array_job.sh"
array_cmd=$array "${recipe[@]}" --stage 1 --stop_stage 4 >"$work/data.log" 2>&1
for job in 1 2; do
    grep -q 'train: 15 files, 15 made now' "$work/array_$job.log" || fail "job $job did not render its share"
done
printf 'two jobs of an array rendered the training set\n'

config=$work/toy.yaml
cat >"$config" <<CONF
base: $repository/conf/train/semamba_pp_gan_toy.yaml
max_epoch: 6
CONF
stage_5=("${recipe[@]}" --train_config "$config" --stage 5 --stop_stage 5)

sbatch --ntasks=2 --output="$work/first.log" --wrap "$(printf '%q ' "${stage_5[@]}")" >/dev/null
no_job() { ! squeue --noheader | grep -q .; }
saved_or_ended() { [[ -f $work/exp/toy/checkpoint.pth ]] || no_job; }
until_true 300 saved_or_ended
[[ -f $work/exp/toy/checkpoint.pth ]] || fail "the training ended without a checkpoint"
scancel --user root --signal=KILL
scancel --user root
until_true 60 no_job
done_before=$(grep -c 'epoch results' "$work/exp/toy/train.log")
printf 'cancelled after %d epochs\n' "$done_before"
((done_before < 6)) || fail "the training ended before it was cancelled"

sbatch --wait --ntasks=2 --output="$work/second.log" --wrap "$(printf '%q ' "${stage_5[@]}")" >/dev/null ||
    fail "the resumed training failed"
[[ -s $work/exp/toy/model.pth ]] || fail "there is no model"
[[ $(grep -c ' 1epoch results' "$work/exp/toy/train.log") == 1 ]] || fail "the first epoch was trained again"
grep -q ' 6epoch results' "$work/exp/toy/train.log" || fail "the last epoch is missing"
grep -q 'finished at 6 epochs' "$work/exp/toy/train.process1.log" || fail "one process only"
printf 'passed: two tasks of srun trained together, were cancelled, and went on\n'
