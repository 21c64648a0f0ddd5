"""What guards spending on AWS: budgets, cost allocation tags, anomaly detection and the bill's export."""
