# To be sourced: the program that each kind of stage is put behind. Empty runs it here.
#
# Training with several GPUs of this machine: ./run.sh --ngpu 4
# The rest goes with --ngpu 1, which is per process:
# - torchrun on one machine
#     train_cmd="torchrun --no-python --standalone --nproc_per_node 4"
# - torchrun on several machines that share the folders; the same command on each of them
#     train_cmd="torchrun --no-python --nnodes 2 --nproc_per_node 4 --rdzv_backend c10d --rdzv_endpoint HOST:29500"
# - Slurm, one task per GPU
#     train_cmd="srun --nodes=2 --ntasks-per-node=4 --gpus-per-task=1 --cpus-per-task=8 --kill-on-bad-exit=1"
# One task of Slurm for everything else:
#   gpu_cmd="srun --ntasks=1 --gpus=1 --cpus-per-task=8"   cpu_cmd="srun --ntasks=1 --cpus-per-task=16"
#
# An array of jobs of Slurm on machines that share the folders, for preparing the files of the challenge's corpora
# in stage 1 and for rendering in stage 2: each job takes its share, then cpu_cmd does what is missing. Where a job
# is lost, the stage stops, and the same command goes on.
#   array_cmd="sbatch --wait --array=1-16 --cpus-per-task=1 --output=slurm_%A_%a.log $recipe_dir/local/array_job.sh"
#
# batch_size is that of all processes together, and has to be at least their number. The processes find their
# place in the variables of torchrun or srun; an interrupted training goes on with the same command. All parts of
# GAP-URGENet (--train_part all) train one after the other in one start of any kind; each needs a free port on the
# host of the first process.

train_cmd=${train_cmd:-}  # stage 5: training
gpu_cmd=${gpu_cmd:-}      # stage 6: enhancement
array_cmd=${array_cmd:-}  # stages 1 and 2: files and rendering; empty: --nj processes of cpu_cmd
cpu_cmd=${cpu_cmd:-}      # all others
