"""What holds for all tests."""

from hypothesis import settings

from extractors import lexicon
from smalldisk import small_disk, small_ext4

__all__ = ["small_disk", "small_ext4"]

# How long one example takes says more of the machine than of the code: time is for the benchmarks.
settings.register_profile("parley", deadline=None)
settings.load_profile("parley")

# A lexicon takes half a second to compile, and the tests go by more of them in turn than a command ever does.
lexicon._KEPT = 24
