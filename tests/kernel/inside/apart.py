"""Runs one case in a separate process. Not in a `conftest`, since pickle needs a unique module name."""

import multiprocessing
import os
import traceback

import torch


def answer(sender, function, arguments):
    os.environ["MPLBACKEND"] = "agg"
    multiprocessing.set_start_method("fork", force=True)  # a loader's workers start as they do in a kernel
    torch.set_num_threads(1)
    try:
        answer = (None, function(*arguments))
    except BaseException:  # noqa: BLE001  # told to the waiting test, whatever it is
        answer = (traceback.format_exc(), None)
    sender.send(answer)
