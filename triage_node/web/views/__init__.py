"""What pages and API share: filters, plots, tables, slices, templates."""
