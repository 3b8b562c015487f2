"""The ground floor: kernels that take arrays and return arrays, and know no other room."""
