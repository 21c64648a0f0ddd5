"""What Kubernetes objects are paid for: machines, disks, load balancers, and pods' share of nodes."""

from trimtab.pricing.estimators.kubernetes import buffers as buffers
from trimtab.pricing.estimators.kubernetes import cluster_api as cluster_api
from trimtab.pricing.estimators.kubernetes import groups as groups
from trimtab.pricing.estimators.kubernetes import karpenter as karpenter
from trimtab.pricing.estimators.kubernetes import network as network
from trimtab.pricing.estimators.kubernetes import nodes as nodes
from trimtab.pricing.estimators.kubernetes import opaque as opaque
from trimtab.pricing.estimators.kubernetes import storage as storage
from trimtab.pricing.estimators.kubernetes import workloads as workloads
