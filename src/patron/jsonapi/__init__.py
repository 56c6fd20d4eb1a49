"""The second dialect: Commerce Layer's customer resources, JSON:API. One module for each group of resources."""
