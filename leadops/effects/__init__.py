"""Everything that leaves the house: one table, its planner, its runner. Nothing else sends."""
