"""What is kept about a person, given to them whole or erased for good; it is the only eraser."""
