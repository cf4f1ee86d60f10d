"""Requests to a warm process when the system refuses to carry them."""

import errno
import os
import socket

import pytest

from grader.kernel import zygote


class Crowded:
    """A socket on which no descriptors can be sent, the first `times`."""

    def __init__(self, times, error):
        self.times, self.error = times, error
        self.sent = []

    def sendmsg(self, _, ancillary):
        if self.times:
            self.times -= 1
            raise OSError(self.error, os.strerror(self.error))
        self.sent.append(list(ancillary[0][2]))


def test_a_request_waits_until_others_descriptors_have_arrived(monkeypatch):
    monkeypatch.setattr(zygote, "PAUSE", 0.0)
    control = Crowded(3, errno.ETOOMANYREFS)
    zygote.pass_on(control, [5, 6])
    assert control.sent == [[5, 6]]


@pytest.mark.parametrize(
    ("error", "wait"), [(errno.ETOOMANYREFS, -1.0), (errno.EPIPE, 60.0)], ids=["for ever", "something else"]
)
def test_a_request_that_cannot_be_sent_is_given_up(monkeypatch, error, wait):
    monkeypatch.setattr(zygote, "ANSWER", wait)
    with pytest.raises(OSError, match=os.strerror(error)):
        zygote.pass_on(Crowded(9, error), [5])


def test_a_kernel_that_is_gone_before_we_look_is_known_as_dead():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = zygote.ForkedProcess(ours, 2**22 + 1, {}, shared=False)  # no process has such an id
    theirs.close()
    assert process.poll() is not None
