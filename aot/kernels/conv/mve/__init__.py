"""For cores with MVE (Helium)."""
