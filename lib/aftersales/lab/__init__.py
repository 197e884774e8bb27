"""JupyterLab: the page's look around single blocks, tables to search and export, a form for a notebook's parameters."""
