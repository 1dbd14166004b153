"""A report for people and programs that read no DICOM: text, HTML, PDF, JSON, FHIR, all of one readable model."""
