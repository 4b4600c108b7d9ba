"""What the trained components share: rows read in blocks, a spectral preconditioner, L-BFGS."""
