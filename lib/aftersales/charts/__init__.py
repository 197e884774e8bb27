"""What is seen. Frozen records that show themselves: charts, tables, verdicts, tiles, notes.

Nothing here counts, estimates or reads files: a function takes a tidy frame and a language and returns a record with
``_repr_mimebundle_``. JupyterLab and the page draw from the same record.

Records: `Chart`, `Table` with `Column`, `Verdict` with `Conclusion`, `Tiles` with `Tile`, `Note`, `Quotes`,
`Provenance`. Functions that draw stand in files called after what they draw.
"""
