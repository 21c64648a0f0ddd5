"""The CapacityPlan: the one artefact that the brain writes and every consumer carries out.

`model` is the document, `document` reads and writes it, `schema` generates the published JSON Schema
and the CRD from it, `sizing` says which sizes hold at an instant, `attribution` names and tags what
the plan provisions.
"""
