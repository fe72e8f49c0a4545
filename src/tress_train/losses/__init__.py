"""One loss per file.  All take ``(N, 1, H, W)`` float tensors and return a scalar; weights are in [0, 1]."""
