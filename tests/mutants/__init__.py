"""A broken copy of the project for each law: `make mutants` applies every patch here and sees the law's test go red.

A law that no mutant can break is not tested. Each patch begins with two lines, which law it breaks and which test must
notice; the rest is a unified diff with one line of context.
"""
