# Pictures as SVG. Imports judge, runs and base.
