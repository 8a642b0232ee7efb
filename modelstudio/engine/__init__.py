"""Everything with torch: compile, train, evaluate, export."""
