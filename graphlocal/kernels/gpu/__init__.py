"""Triton kernels: tensors in, tensors out. Triton is imported when one of them is first used."""
