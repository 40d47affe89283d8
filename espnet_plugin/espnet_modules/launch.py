"""Where this process stands among those that torchrun or Slurm started for one training."""

import argparse
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from espnet_plugin.errors import UserError


@dataclass(frozen=True)
class Launch:
    """One of several processes, or the only one.

    Attributes:
        rank: number of this process, from 0.
        count: number of processes on all machines.
        local_rank: number of its GPU among those that it can see.
        address: host of process 0; None where the launcher has set it in the environment.
        port: where process 0 listens there; None likewise.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    address: str | None = None
    port: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Launch":
        """Read what torchrun or Slurm's ``srun`` say; torchrun first, which may run below ``srun``.

        Raises:
            UserError: Slurm's list of hosts cannot be resolved.
        """
        if int(environment.get("WORLD_SIZE", "1")) > 1 and "RANK" in environment:
            count, rank = int(environment["WORLD_SIZE"]), int(environment["RANK"])
            return cls(rank, count, int(environment.get("LOCAL_RANK", "0")))
        # These are set for the tasks of srun, but not for the script of sbatch, which is no task.
        if int(environment.get("SLURM_STEP_NUM_TASKS", "1")) > 1 and "SLURM_PROCID" in environment:
            # With --gpus-per-task every process sees its own GPU only, which then is number 0.
            visible = environment.get("CUDA_VISIBLE_DEVICES", "")
            sees_one = bool(visible) and "," not in visible
            return cls(
                rank=int(environment["SLURM_PROCID"]),
                count=int(environment["SLURM_STEP_NUM_TASKS"]),
                local_rank=0 if sees_one else int(environment.get("SLURM_LOCALID", "0")),
                address=environment.get("MASTER_ADDR") or _first_host(environment["SLURM_STEP_NODELIST"]),
                # The same for all processes of a step, another one for most others on this host.
                port=int(environment.get("MASTER_PORT") or 20000 + _step_number(environment) % 20000),
            )
        return cls()

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and shows progress."""
        return self.rank == 0

    def place(self, args: argparse.Namespace) -> None:
        """Put this into the options of ESPnet, where the user has not given them."""
        if args.ngpu == 0:
            args.dist_backend = "gloo"
        if self.count == 1:
            # Otherwise ESPnet would split batches between the GPUs of one process.
            args.multiprocessing_distributed = args.ngpu > 1 or args.multiprocessing_distributed
            return
        args.ngpu = min(args.ngpu, 1)
        args.multiprocessing_distributed = False
        for option, value in (
            ("dist_rank", self.rank),
            ("dist_world_size", self.count),
            # Without GPUs it has no meaning, but ESPnet compares it with the number of GPUs.
            ("local_rank", self.local_rank if args.ngpu else 0),
            ("dist_master_addr", self.address),
            ("dist_master_port", self.port),
        ):
            if getattr(args, option) is None:
                setattr(args, option, value)


def _step_number(environment: Mapping[str, str]) -> int:
    return 100 * int(environment["SLURM_JOB_ID"]) + int(environment.get("SLURM_STEP_ID", "0"))


def _first_host(listed: str) -> str:
    """The first of Slurm's hosts, which are written like ``gpu-[03-05,7],other``."""
    if "[" not in listed:
        return listed.partition(",")[0]
    command = ["scontrol", "show", "hostnames", listed]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise UserError(f"cannot resolve the hosts {listed}; set MASTER_ADDR to the first one") from error
