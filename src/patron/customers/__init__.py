"""The whole account with its children: what spans several slices."""
