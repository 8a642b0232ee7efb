"""What a data recipe is: columns, fields and steps, as declarations only."""
