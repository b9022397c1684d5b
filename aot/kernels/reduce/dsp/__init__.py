"""For cores with the DSP extension."""
