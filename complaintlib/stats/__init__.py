"""Mathematics without complaints in it: functions on numbers and frames of numbers."""
