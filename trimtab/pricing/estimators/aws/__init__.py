"""What AWS takes money for."""

from trimtab.pricing.estimators.aws import network as network
