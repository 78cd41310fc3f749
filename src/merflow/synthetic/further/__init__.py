"""Writers of the datasets that the usual demo leaves out; each is asked for by its name."""
