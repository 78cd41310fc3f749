"""Writers of each dataset's own form on disk: one module a dataset, found by its file name."""
