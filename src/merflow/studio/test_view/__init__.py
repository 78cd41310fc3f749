"""The Test view's work, in a process of its own: it can be cancelled, and may need much memory."""
