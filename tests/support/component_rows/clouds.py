"""GKE, AKS and clusters that exist."""

from support.cloud_plans import ROWS as ROWS
