"""The web: pages for people, an API and DICOMweb for programs, and who may see what."""
