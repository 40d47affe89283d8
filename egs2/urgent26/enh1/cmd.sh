# To be sourced: the program that each kind of stage is put behind.
# Empty runs it here. With SLURM, for instance:
#   train_cmd="srun --gres=gpu:1 --cpus-per-task=8 --mem=32G"
#   cpu_cmd="srun --cpus-per-task=16 --mem=32G"

train_cmd=${train_cmd:-}  # stage 5: training
gpu_cmd=${gpu_cmd:-}      # stage 6: enhancement
cpu_cmd=${cpu_cmd:-}      # all others
