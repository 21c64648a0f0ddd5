"""What Google Cloud takes money for."""

from trimtab.pricing.estimators.gcp import analytics as analytics
from trimtab.pricing.estimators.gcp import compute as compute
from trimtab.pricing.estimators.gcp import container as container
from trimtab.pricing.estimators.gcp import databases as databases
from trimtab.pricing.estimators.gcp import disks as disks
from trimtab.pricing.estimators.gcp import ml as ml
from trimtab.pricing.estimators.gcp import network as network
from trimtab.pricing.estimators.gcp import operations as operations
from trimtab.pricing.estimators.gcp import serverless as serverless
from trimtab.pricing.estimators.gcp import sql as sql
from trimtab.pricing.estimators.gcp import storage as storage
