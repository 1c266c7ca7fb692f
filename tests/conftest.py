"""Its place puts this directory on the import path, for the examples that tests share."""

from hypothesis import settings

# how long an example takes depends on what else the machine does, and is no defect
settings.register_profile("havoc", deadline=None)
settings.load_profile("havoc")
