"""The host's side of a device: its protocol, its link, its flash; what it answers is compared here."""
