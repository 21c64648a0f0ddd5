"""Parts that pools and storage tiers have alike."""

from trimtab.plan.types import Amount, Document, LabelValue


class OwnerRef(Document):
    """Who pays; an absent field is not stated."""

    team: LabelValue = ""
    project: LabelValue = ""
    model: LabelValue = ""
    environment: LabelValue = ""


class Interval(Document):
    """A mean with the bounds of its central 80 % interval."""

    mean: Amount
    low: Amount
    high: Amount
