"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
TOOLS = ROOT / "tests" / "tools"
EXAMPLES = ROOT / "examples"
SINE = EXAMPLES / "sine" / "sine.tflite"
DIGITS = EXAMPLES / "digits" / "digits.tflite"
