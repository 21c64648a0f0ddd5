"""What AWS takes money for."""

from trimtab.pricing.estimators.aws import analytics as analytics
from trimtab.pricing.estimators.aws import autoscaling as autoscaling
from trimtab.pricing.estimators.aws import awsx as awsx
from trimtab.pricing.estimators.aws import caches as caches
from trimtab.pricing.estimators.aws import commitments as commitments
from trimtab.pricing.estimators.aws import compute as compute
from trimtab.pricing.estimators.aws import containers as containers
from trimtab.pricing.estimators.aws import databases as databases
from trimtab.pricing.estimators.aws import ebs as ebs
from trimtab.pricing.estimators.aws import edge as edge
from trimtab.pricing.estimators.aws import eks as eks
from trimtab.pricing.estimators.aws import governance as governance
from trimtab.pricing.estimators.aws import loadbalancing as loadbalancing
from trimtab.pricing.estimators.aws import machine_services as machine_services
from trimtab.pricing.estimators.aws import managed as managed
from trimtab.pricing.estimators.aws import messaging as messaging
from trimtab.pricing.estimators.aws import network as network
from trimtab.pricing.estimators.aws import observability as observability
from trimtab.pricing.estimators.aws import rds as rds
from trimtab.pricing.estimators.aws import search as search
from trimtab.pricing.estimators.aws import security as security
from trimtab.pricing.estimators.aws import serverless as serverless
from trimtab.pricing.estimators.aws import storage as storage
from trimtab.pricing.estimators.aws import streaming as streaming
