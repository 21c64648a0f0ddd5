"""Published schemas, generated from the pydantic models that read the documents.

`json_schema` writes JSON Schemas for editors and CI, `custom_resources` CustomResourceDefinitions for
clusters, `published` names every file. The documents know nothing of each other.
"""
