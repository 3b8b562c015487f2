"""Kernels for devices, run on the processor by the interpreter of triton."""
