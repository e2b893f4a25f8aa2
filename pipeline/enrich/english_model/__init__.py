"""Find English names by the network that comes with the package (data/english).

The network sees what ``english_rules`` finds; what it says is decoded for the whole article and trimmed.
"""
