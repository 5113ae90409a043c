"""What holds for all tests."""

from hypothesis import settings

# How long one example takes says more of the machine than of the code: time is for the benchmarks.
settings.register_profile("parley", deadline=None)
settings.load_profile("parley")
