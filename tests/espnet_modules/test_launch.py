"""Where a process stands, by the variables of torchrun and Slurm."""

from argparse import Namespace

import pytest

from espnet_plugin.errors import UserError
from espnet_plugin.espnet_modules import launch as module
from espnet_plugin.espnet_modules.launch import Launch

SLURM = {
    "SLURM_JOB_ID": "12",
    "SLURM_STEP_ID": "3",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NODELIST": "gpu-a,gpu-b",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
}


def options(**given):
    names = ("dist_rank", "dist_world_size", "local_rank", "dist_master_addr", "dist_master_port")
    start = dict.fromkeys(names) | {"multiprocessing_distributed": False, "dist_backend": "nccl"}
    return Namespace(**start | given)


def test_alone():
    assert Launch.from_environment({}) == Launch() and Launch().leads
    # The script of sbatch carries the number of tasks, but is none of them.
    assert Launch.from_environment({"SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_JOB_ID": "1"}).count == 1


def test_torchrun_goes_before_slurm():
    environment = {**SLURM, "WORLD_SIZE": "8", "RANK": "5", "LOCAL_RANK": "1"}
    launch = Launch.from_environment(environment)
    assert launch == Launch(rank=5, count=8, local_rank=1) and not launch.leads


def test_slurm():
    launch = Launch.from_environment(SLURM)
    assert launch == Launch(rank=3, count=4, local_rank=1, address="gpu-a", port=21203)
    assert Launch.from_environment({**SLURM, "CUDA_VISIBLE_DEVICES": "2"}).local_rank == 0
    assert Launch.from_environment({**SLURM, "CUDA_VISIBLE_DEVICES": "0,1"}).local_rank == 1
    assert Launch.from_environment({**SLURM, "MASTER_ADDR": "here", "MASTER_PORT": "7"}).address == "here"


def test_slurm_resolves_its_own_way_to_write_hosts(monkeypatch):
    class Done:
        stdout = "gpu-03\ngpu-04\n"

    monkeypatch.setattr(module.subprocess, "run", lambda *arguments, **options: Done)
    assert Launch.from_environment({**SLURM, "SLURM_STEP_NODELIST": "gpu-[03-04]"}).address == "gpu-03"


def test_hosts_that_cannot_be_resolved_are_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"gpu-\[03-04\]; set MASTER_ADDR"):
        Launch.from_environment({**SLURM, "SLURM_STEP_NODELIST": "gpu-[03-04]"})


def test_options_for_one_process():
    args = options(ngpu=0)
    Launch().place(args)
    assert (args.dist_backend, args.multiprocessing_distributed) == ("gloo", False)
    args = options(ngpu=2)
    Launch().place(args)
    assert (args.dist_backend, args.multiprocessing_distributed, args.ngpu) == ("nccl", True, 2)


def test_options_for_several_processes():
    args = options(ngpu=4)
    Launch.from_environment(SLURM).place(args)
    assert (args.ngpu, args.multiprocessing_distributed) == (1, False)
    assert (args.dist_rank, args.dist_world_size, args.local_rank) == (3, 4, 1)
    assert (args.dist_master_addr, args.dist_master_port) == ("gpu-a", 21203)
    # What the user has said is left alone; without GPUs there is none to choose.
    args = options(ngpu=0, dist_master_port=5)
    Launch.from_environment(SLURM).place(args)
    assert (args.dist_master_port, args.local_rank, args.dist_backend) == (5, 0, "gloo")
