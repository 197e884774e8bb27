"""The program: the command line, weekly runs, pages, mail, cases, the contact queue, the form in JupyterLab.

It is built on the analysis library `aftersales`, which knows nothing of it.
"""
