"""Training of networks: backend, input scaling, loss, batches, augmentation, training loop.

Not for the networks' layers (`networks`, `layers`) or for choosing folds (`evaluation`).
"""
