"""A pytest plugin: the compiled runtime out of another build (NATIVE=…/_native.so)."""

import importlib.util
import os
import sys

specification = importlib.util.spec_from_file_location("havoc.infer._native", os.environ["NATIVE"])
assert specification is not None and specification.loader is not None
module = importlib.util.module_from_spec(specification)
sys.modules["havoc.infer._native"] = module
specification.loader.exec_module(module)

# the checks take terabytes of addresses, which processes of this one may not have
os.environ.pop("LD_PRELOAD", None)
