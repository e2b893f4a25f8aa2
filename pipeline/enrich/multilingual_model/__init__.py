"""Find names in texts of any language by the multilingual network (``pipeline.multilingual``).

What the network says is decoded for the whole article; known names of the language help it.
"""
