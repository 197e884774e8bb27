"""After-sales analytics for online shops."""
