"""Find English names by rules: capitals, word lists, the words around them.

It is a recogniser of its own ("lists"), and the network of ``english_model`` sees what it finds.
"""
