"""`make chaos`: a house of real processes is hurt while senders post; what was promised is then compared with what is there."""
