"""An operation that counts the runs of its rule, and functions that count live objects."""

import gc

import numpy as np

import keratorch as kt


class CountGrad(kt.Grad):
    """The identity, which counts its visits; `hook` runs in the rule."""

    def __init__(self, x, hook=None):
        super().__init__(x)
        self.visits = 0
        self.hook = hook

    def backward(self, grad):
        self.visits += 1
        if self.hook is not None:
            self.hook()
        return grad


def counted(x, hook=None):
    return kt.GradArray(np.array(x.numpy()), grad_op=CountGrad(x, hook))


def live(kinds=(kt.GradArray, kt.Grad)):
    """How many objects of `kinds` live. The fixture `few_objects` makes this call fast."""
    return sum(issubclass(type(o), kinds) for o in gc.get_objects())


def live_nodes():
    """How many nodes of graphs live."""
    return live(kt.Grad)
