"""`make proof`: every test in the size of its promise, and the table of gates; a gate is what its tests measured, nothing else."""
