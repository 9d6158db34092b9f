"""The one condition language of the house: one tree, one operator table, two readers that agree; knows no model, no HTTP."""
