"""The addresses of the page's data, one module a view; each handler is a plain function."""
