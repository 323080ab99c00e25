"""The state of keratorch that is the whole process's: no test may leave it changed."""

from __future__ import annotations

import keratorch as kt
from keratorch.core.mode import mode, policy
from keratorch.core.tangents import levels


def restore_and_check() -> None:
    """Put modes, the policy and the default device back; fail if one of them was left changed."""
    watched = mode.watchers, mode.no_sync, mode.masking, mode.fillable, policy.fillable
    mode.watchers, mode.no_sync, mode.masking, mode.fillable = (), False, False, False
    policy.fillable = True
    state = (mode.recording, mode.rules_wrapped, set(levels), mode.level, policy.masked_zeros)
    floor, mode.floor = mode.floor, 0
    levels.clear()
    default = str(kt.get_default_device())
    mode.recording, mode.rules_wrapped, mode.level = True, False, None
    policy.masked_zeros = True
    kt.set_default_device(None)
    assert state == (True, False, set(), None, True)
    assert floor == 0
    assert default == "cpu"
    assert watched == ((), False, False, False, True)
