"""What trained networks do inside, and how far they carry: the analyses of the SEMamba++ paper.

The paper (arXiv 2603.11669) describes its analyses in a few sentences each; what had to be assumed stands in
the docstring of each module.
"""
