"""What customers have subscribed to, such as newsletters."""
