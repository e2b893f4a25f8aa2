"""Link each name of an article to one entity: of the knowledge base, of earlier articles, or a new one.

``resolve`` decides within an article, ``entity_linking`` across articles, ``editorial_rules`` by editors' decisions.
"""
