"""Properties are not timed: how long one case takes hangs on the machine and on who else uses it."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
