"""What is suspicious but legal about bars that are about to be imported: warnings, no errors."""

from domain.suspicions.suspicion import Suspicion
from domain.suspicions.watches import Suspicions

__all__ = ["Suspicion", "Suspicions"]
