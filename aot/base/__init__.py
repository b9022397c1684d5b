"""What everything else stands on: errors, choices, files, data folders, templates, the version."""
