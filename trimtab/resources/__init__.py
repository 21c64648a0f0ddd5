"""Declared resources, whoever declares them: Pulumi, Terraform, Crossplane, or plain manifests."""
