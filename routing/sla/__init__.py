"""SLA: which clocks a lead gets, when they are due, what happens on the way. Policies are versions of kind `sla`."""
