"""What SDMetrics says, and the script that asks it."""
