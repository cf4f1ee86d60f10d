"""Everything that stands next to untrusted code, and nothing else.

A `Launcher` turns a `KernelRequest` into a `Kernel`; `guard.run_notebook` drives a notebook through it and
returns a `guard.Run`. What runs inside the kernel's process lies in `inside/`.
"""

from grader.kernel.interface import Death, Kernel, KernelRequest, Launcher

__all__ = ["Death", "Kernel", "KernelRequest", "Launcher"]
