"""Networks, one file each: the name of the file is the name of the network.

Not for training: a network file imports Keras only and knows no data, loss or fold.
"""
