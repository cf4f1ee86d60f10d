"""Starting, confining and driving the kernels that run untrusted notebooks.

A `Launcher` turns a `KernelRequest` into a `Kernel`; `guard.run_notebook` drives a notebook through it and
returns a `guard.Run`. The code that runs inside the kernel's process is in `inside/`.
"""

from grader.kernel.interface import Death, Kernel, KernelRequest, Launcher

__all__ = ["Death", "Kernel", "KernelRequest", "Launcher"]
