"""Who computes a metric just now, so that everybody else waits for it: a module for each way to tell.

A claim saves work and nothing else. That no value is ever torn or mixed up rests on how values are saved; where claims
fail, are lost or do not exist, a metric is computed more than once, and that is all.
"""
