"""A plan's groups in the words of what provisions them: plain, frozen shapes and documents.

Pure, and the one place for what components, functions and previews must agree on: no Pulumi, no gRPC,
no client of any cloud.
"""
