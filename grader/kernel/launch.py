"""TEMP"""
from __future__ import annotations
import contextlib
from enum import StrEnum
from grader.kernel.cold import ColdLauncher
class Sandbox(StrEnum):
    AUTO = "auto"
    NONE = "none"
@contextlib.contextmanager
def launcher(choice, say):
    yield ColdLauncher()
