"""How a network is fitted: backend, scaling, losses, batches, augmentation, the loop itself."""
