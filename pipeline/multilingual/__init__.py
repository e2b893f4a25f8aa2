"""Read a text of any language by one packed network: labels of names, and a vector of what the text is about.

``tokenizer`` cuts a text into words and pieces, ``network`` runs the network of ``data``.
"""
